//! Whatever blocks came and went: an index has what one has that saw the last ones only.

#[macro_use]
mod databases;
mod support;

use alloy::primitives::{B256, U256, keccak256};
use ayumi_audit::{Activity, By, Day, Location, Query, Reader, Writer, compare};
use databases::Databases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use support::{Block, DEPLOYMENT, Town};

on_both!(
    an_index_after_a_reorg_is_a_fresh_one,
    a_comparison_sees_what_differs,
    a_difference_of_a_team_names_who_acted,
);

/// Something that happens; what cannot happen at the time does not.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Publish(usize),
    Buy(usize, usize, u32),
    Request(usize, usize),
    Next(usize, u8),
    Refund(usize, usize),
    HandOver(usize, usize, usize),
    Collect(usize, usize),
    Assign(usize, u8),
    Revise(usize),
    Block(u64),
}

/// A town, and how far its tasks are.
#[derive(Debug, Clone, Default)]
struct Life {
    town: Town,
    products: Vec<(U256, usize)>,
    /// For each task: 0 requested, 1 delivered, 2 with feedback, 3 answered, 4 over; and whether it is settled.
    tasks: Vec<(u8, bool)>,
}

const ACCOUNTS: usize = 6;
const PRICE: u64 = 100;

impl Life {
    fn begin() -> (Self, Block) {
        let mut life = Self::default();
        for name in ["Aoba", "Hibiki", "Minato"] {
            life.town.organisation(name);
        }
        for place in 0..u32::try_from(ACCOUNTS).unwrap() {
            life.town
                .enrol(place % 3 + 1, if place < 3 { "soc" } else { "" });
        }
        let block = life.town.block(60);
        (life, block)
    }

    fn live(&mut self, deed: Deed) -> Option<Block> {
        let product = |at: usize| self.products.get(at % self.products.len().max(1)).copied();
        match deed {
            Deed::Publish(who) => {
                let product = self.town.publish(who, PRICE, 0b101);
                self.products.push((product, who));
            }
            Deed::Buy(which, who, count) => {
                let (product, _) = product(which)?;
                self.town.buy(product, who, count);
            }
            Deed::Refund(which, who) => {
                let (product, _) = product(which)?;
                self.town.refund(product, who, 1);
            }
            Deed::Request(which, who) => {
                let (product, _) = product(which)?;
                self.town.request(product, who);
                self.tasks.push((0, false));
            }
            Deed::Next(which, how) => self.next(which, how),
            Deed::HandOver(which, from, to) => {
                let (product, _) = product(which)?;
                self.town.hand_over(product, from, to);
            }
            Deed::Collect(from, to) => {
                self.town.collect(from, to);
            }
            Deed::Assign(who, team) => self
                .town
                .assign(who, ["", "soc", "intel"][usize::from(team % 3)]),
            Deed::Revise(which) => {
                let (old, who) = product(which)?;
                let next = self.town.publish(who, PRICE, 0b11);
                self.town.revise(old, next);
                self.products.push((next, who));
            }
            Deed::Block(seconds) => return Some(self.town.block(seconds)),
        }
        None
    }

    fn next(&mut self, which: usize, how: u8) {
        if self.tasks.is_empty() {
            return;
        }
        let place = which % self.tasks.len();
        let (state, settled) = &mut self.tasks[place];
        let task = place as u64 + 1;
        // Few notes, so that some come twice.
        let note = |text: u8| {
            if text.is_multiple_of(3) {
                B256::ZERO
            } else {
                keccak256([text % 7])
            }
        };
        match (*state, how % 4) {
            (0, 0) => {
                self.town.decline(task);
                *state = 4;
            }
            (0, 1) => {
                self.town.cancel(task);
                *state = 4;
            }
            (0, _) => {
                self.town.deliver(task);
                *state = 1;
            }
            (1, 0) if !*settled => {
                self.town.complain(task, PRICE);
                *state = 4;
            }
            (1..=3, 1) if !*settled => {
                self.town.settle(task, PRICE, 10);
                *settled = true;
            }
            (1, _) => {
                self.town
                    .feedback(task, u16::from(how), how % 5 + 1, note(how));
                *state = 2;
            }
            (2, _) => {
                self.town.answer(task, note(how));
                *state = 3;
            }
            _ => {}
        }
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..ACCOUNTS;
    prop_oneof![
        1 => who.clone().prop_map(Deed::Publish),
        4 => (any::<usize>(), who.clone(), 1..4_u32).prop_map(|(which, who, count)| Deed::Buy(which, who, count)),
        4 => (any::<usize>(), who.clone()).prop_map(|(which, who)| Deed::Request(which, who)),
        8 => (any::<usize>(), any::<u8>()).prop_map(|(which, how)| Deed::Next(which, how)),
        1 => (any::<usize>(), who.clone()).prop_map(|(which, who)| Deed::Refund(which, who)),
        1 => (any::<usize>(), who.clone(), who.clone()).prop_map(|(which, from, to)| Deed::HandOver(which, from, to)),
        1 => (who.clone(), who.clone()).prop_map(|(from, to)| Deed::Collect(from, to)),
        1 => (who, any::<u8>()).prop_map(|(who, team)| Deed::Assign(who, team)),
        1 => any::<usize>().prop_map(Deed::Revise),
        4 => prop_oneof![Just(2), 1..100_000_u64, Just(86_400 * 20), Just(86_400 * 70)].prop_map(Deed::Block),
    ]
}

fn write(writer: &mut Writer, blocks: &[Block], can_undo: bool) {
    for block in blocks {
        writer.append(&block.entries, block.head, can_undo).unwrap();
    }
}

/// What happens before, on the branch that goes, and after it.
type Story = (Vec<Deed>, Vec<Deed>, Vec<Deed>, bool);

fn story() -> impl Strategy<Value = Story> {
    use proptest::collection::vec;
    let deeds = |range| vec(deed(), range);
    (deeds(0..60), deeds(1..40), deeds(0..40), any::<bool>())
}

fn an_index_after_a_reorg_is_a_fresh_one(databases: &Databases) {
    let cases = if databases.is_postgres() { 10 } else { 40 };
    let config = ProptestConfig {
        cases,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let told = TestRunner::new(config).run(&story(), |story| tell(databases, story));
    told.unwrap_or_else(|failure| panic!("{failure}"));
}

fn tell(
    databases: &Databases,
    (before, lost, after, can_undo): Story,
) -> Result<(), TestCaseError> {
    let (path, fresh) = (databases.place(), databases.place());
    let (mut life, first) = Life::begin();
    let mut kept = vec![first];
    kept.extend(before.into_iter().filter_map(|deed| life.live(deed)));
    kept.extend([life.town.block(60)]);

    let mut other = life.clone();
    other.town.branch = 1;
    let mut gone: Vec<_> = lost
        .into_iter()
        .filter_map(|deed| other.live(deed))
        .collect();
    gone.extend([other.town.block(60)]);
    let mut new: Vec<_> = after
        .into_iter()
        .filter_map(|deed| life.live(deed))
        .collect();
    new.extend([life.town.block(60)]);

    let mut writer = Writer::open(&path, DEPLOYMENT).unwrap();
    write(&mut writer, &kept, true);
    write(&mut writer, &gone, can_undo);
    writer.go_back_to(kept.last().unwrap().head).unwrap();
    write(&mut writer, &new, true);
    drop(writer);

    // All at once, as a first look at the chain reads it.
    let mut writer = Writer::open(&fresh, DEPLOYMENT).unwrap();
    let entries = kept.iter().chain(&new);
    let entries: Vec<_> = entries.flat_map(|block| block.entries.clone()).collect();
    writer
        .append(&entries, new.last().unwrap().head, false)
        .unwrap();
    drop(writer);
    prop_assert_eq!(compare(&fresh, &path).unwrap(), vec![]);
    // In the other database as well.
    let file = Databases::files();
    let elsewhere = file.place();
    let mut writer = Writer::open(&elsewhere, DEPLOYMENT).unwrap();
    write(&mut writer, &kept, true);
    write(&mut writer, &new, false);
    drop(writer);
    prop_assert_eq!(compare(&elsewhere, &path).unwrap(), vec![]);
    let day = |block: &Block| i64::try_from(block.head.timestamp).unwrap() / 86_400;
    let (begin, end) = (day(&kept[0]), day(new.last().unwrap()));
    for (since, until) in [
        (None, None),
        (Some(begin + 3), None),
        (
            Some(begin + (end - begin) / 3),
            Some(end - (end - begin) / 5),
        ),
    ] {
        roll_ups_of_all_sizes_agree(&path, since.map(Day), until.map(Day))?;
    }

    let mut writer = Writer::open(&path, DEPLOYMENT).unwrap();
    writer.rebuild().unwrap();
    let count = Reader::open(&path).unwrap().status().unwrap().events;
    drop(writer);
    prop_assert_eq!(count, entries.len() as u64);
    prop_assert_eq!(compare(&fresh, &path).unwrap(), vec![]);
    Ok(())
}

/// What an organisation did is added from days, weeks and four weeks by age, from the largest that fit, and from days.
fn roll_ups_of_all_sizes_agree(
    path: &Location,
    since: Option<Day>,
    until: Option<Day>,
) -> Result<(), TestCaseError> {
    let reader = Reader::open(path).unwrap();
    let asked = |by| Query {
        since,
        until,
        by,
        ..Query::default()
    };
    let whole = reader.activity(&asked(Some(By::Organisation))).unwrap();
    // Accounts and teams have roll-ups of their own.
    for by in [By::Account, By::Team] {
        let parts = reader.activity(&asked(Some(by))).unwrap();
        for row in &whole {
            let of_this = parts
                .iter()
                .filter(|part| part.who.organisation == row.who.organisation)
                .cloned()
                .collect::<Vec<_>>();
            prop_assert_eq!(
                delivered(&of_this),
                (row.raw.delivered, row.raw.redeemed),
                "by {:?}",
                by
            );
        }
    }
    let (mut aged, mut daily) = (Vec::new(), Vec::new());
    for organisation in reader.organisations(&asked(None)).unwrap() {
        let query = Query {
            organisation: Some(organisation.organisation.clone()),
            ..asked(Some(By::Day))
        };
        if organisation.number != 0 {
            let days = reader.timeline(&query).unwrap();
            daily.push((organisation.organisation.clone(), delivered(&days)));
        }
        aged.push((organisation.organisation, organisation.steps));
    }
    let of_whole = whole.iter().map(|row| {
        let organisation = row.who.organisation.clone().unwrap_or_default();
        (organisation, row)
    });
    for (organisation, row) in of_whole {
        let same = aged.iter().find(|(name, _)| *name == organisation);
        prop_assert_eq!(same.map(|(_, steps)| steps.raw), Some(row.raw));
        let same = daily.iter().find(|(name, _)| *name == organisation);
        if let Some((_, days)) = same {
            prop_assert_eq!(*days, (row.raw.delivered, row.raw.redeemed));
        }
    }
    Ok(())
}

fn delivered(days: &[Activity]) -> (u64, u64) {
    days.iter().fold((0, 0), |(delivered, redeemed), day| {
        (delivered + day.raw.delivered, redeemed + day.raw.redeemed)
    })
}

/// Nothing of this may be found equal by accident.
fn a_comparison_sees_what_differs(databases: &Databases) {
    let (path, fresh) = (databases.place(), databases.place());
    let (mut life, first) = Life::begin();
    for deed in [
        Deed::Publish(0),
        Deed::Buy(0, 1, 2),
        Deed::Request(0, 1),
        Deed::Next(0, 2),
    ] {
        life.live(deed);
    }
    let second = life.town.block(60);
    for (path, blocks) in [
        (&path, &[first.clone()][..]),
        (&fresh, &[first, second][..]),
    ] {
        write(&mut Writer::open(path, DEPLOYMENT).unwrap(), blocks, true);
    }
    let differences = compare(&fresh, &path).unwrap();
    for what in ["event", "product", "purchase", "task", "tally", "block"] {
        assert!(
            differences
                .iter()
                .any(|difference| difference.what.starts_with(what)),
            "{what}: {differences:?}"
        );
    }
}

/// A team has acted by somebody, who need not be who came first.
fn a_difference_of_a_team_names_who_acted(databases: &Databases) {
    let (path, fresh) = (databases.place(), databases.place());
    let mut town = Town::default();
    let organisation = town.organisation("Aoba");
    let [_, _, who] = [0; 3].map(|_| town.enrol(organisation, "soc"));
    let product = town.publish(0, 1_000, 1);
    town.buy(product, who, 1);
    let first = town.block(60);
    town.request(product, who);
    let second = town.block(60);
    for (path, blocks) in [
        (&path, &[first.clone()][..]),
        (&fresh, &[first, second][..]),
    ] {
        write(&mut Writer::open(path, DEPLOYMENT).unwrap(), blocks, true);
    }
    let differences = compare(&fresh, &path).unwrap();
    let of_team = differences
        .iter()
        .find(|difference| difference.what.starts_with("tally 5 "));
    let of_team = of_team.unwrap_or_else(|| panic!("{differences:?}"));
    assert_eq!(of_team.account, Some(town.accounts[who]), "{of_team:?}");
    assert!(of_team.transaction.is_some(), "{of_team:?}");
}
