mod sight;
mod suggest;

use std::fs;
use std::path::PathBuf;

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::{Feedback, Outcome, Response};
use ayumi_contracts::Named;
use ayumi_misp::{Action, Set};
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use self::sight::Sight;
use crate::args::{MispArgs, words};
use crate::cx::Cx;
use crate::error::{InputError, Result, TaskError};
use crate::flow::{Dialogue, NoteText};
use crate::output::Answer;
use crate::read::Tasks;
use crate::session::Session;
use crate::text::{counted, pairs, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say what was done with a delivery
    Give(Give),
    /// Propose feedback from what the account's MISP server saw; none is given
    Suggest(suggest::Args),
    /// Read the feedback on the account's products
    Inbox {
        /// Only what was not answered
        #[arg(long)]
        unanswered: bool,
    },
    /// Answer a feedback on an own product
    Answer(AnswerArgs),
    /// Show what both sides said about a task
    Show {
        /// The task
        #[arg(value_parser = super::tasks::number)]
        task: U256,
    },
}

#[derive(Debug, clap::Args)]
struct Give {
    /// The delivered task
    #[arg(value_parser = super::tasks::number)]
    task: U256,
    /// What was done; leave it out if nothing was
    #[arg(long, value_delimiter = ',', value_parser = words::<Action>())]
    action: Vec<Action>,
    /// What came of it
    #[arg(long, value_parser = PossibleValuesParser::new(Outcome::ALL.iter().map(|(_, name)| *name)))]
    outcome: String,
    /// How useful it was, 5 is best
    #[arg(long, value_name = "1-5", value_parser = clap::value_parser!(u8).range(1..=5))]
    usefulness: u8,
    #[command(flatten)]
    note: NoteArgs,
    /// Say it as sightings to the MISP server too
    #[arg(long)]
    to_misp: bool,
    /// Value that was seen [default: all that are for detection]
    #[arg(long, value_name = "VALUE", requires = "to_misp")]
    sighted: Vec<String>,
    #[command(flatten)]
    misp: MispArgs,
}

#[derive(Debug, clap::Args)]
struct AnswerArgs {
    /// The task that the feedback is about
    #[arg(value_parser = super::tasks::number)]
    task: U256,
    /// What becomes of it
    #[arg(long, value_parser = PossibleValuesParser::new(Response::ALL.iter().map(|(_, name)| *name)))]
    response: String,
    #[command(flatten)]
    note: NoteArgs,
}

#[derive(Debug, clap::Args)]
struct NoteArgs {
    /// A note that only the other party can read
    #[arg(long, value_name = "TEXT", conflicts_with = "note_file")]
    note: Option<String>,
    /// File with the note
    #[arg(long, value_name = "FILE")]
    note_file: Option<PathBuf>,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Command::Give(args) => give(cx, args).await,
            Command::Suggest(args) => args.run(cx).await,
            Command::Answer(args) => answer(cx, args).await,
            Command::Inbox { unanswered } => inbox(cx, unanswered).await,
            Command::Show { task } => show(cx, task).await,
        }
    }
}

impl NoteArgs {
    fn read(self) -> Result<Option<String>> {
        let Some(path) = self.note_file else {
            return Ok(self.note.filter(|note| !note.is_empty()));
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Err(cause) => Err(InputError::File { path, cause }.into()),
        }
    }
}

async fn give(cx: &Cx, args: Give) -> Result<Answer> {
    let actions = args.action.iter().copied().collect::<Set<Action>>();
    let outcome = Outcome::from_name(&args.outcome).ok_or_else(|| unknown(&args.outcome))?;
    let feedback = Feedback {
        actions: actions.bits(),
        outcome,
        usefulness: args.usefulness,
    };
    let note = args.note.read()?;
    let client = args.to_misp.then(|| args.misp.client()).transpose()?;
    let session = cx.session().await?;
    let sight = match client {
        Some(client) => {
            let (task, values) = (args.task, &args.sighted);
            Some(Sight::prepare(&session, client, task, outcome, values).await?)
        }
        None => None,
    };
    let mut document = json!({ "task": args.task.to_string() });
    let mut text = format!("gave feedback on task {}", args.task);
    // With sightings, a feedback that is on chain already is no error: they may have failed.
    let is_given = sight.is_some() && is_given(&session, args.task, &feedback).await?;
    let mut mined = None;
    if !is_given {
        let given = session.give_feedback(args.task, feedback, note.as_deref());
        let sent = given.await?;
        document["transaction"] = json!(sent.result);
        mined = sent.mined;
    }
    if let Some(sight) = sight {
        let sighted = sight.say(&session, args.task).await?;
        document["sightings"] = json!({ "added": sighted.added, "there": sighted.there });
        let added = counted(sighted.added as u64, "sighting");
        text = format!("{text}, and added {added} to the MISP server");
    }
    Ok(Answer::new(&document, text).after(mined))
}

/// Whether this very feedback is on chain.
async fn is_given(session: &Session, task: U256, feedback: &Feedback) -> Result<bool> {
    let task = Tasks::one(session.chain(), task).await?;
    let given = task.feedback.map(|given| given.feedback);
    Ok(given.is_some_and(|given| {
        given.actions == feedback.actions
            && given.outcome == feedback.outcome
            && given.usefulness == feedback.usefulness
    }))
}

async fn answer(cx: &Cx, args: AnswerArgs) -> Result<Answer> {
    let response = Response::from_name(&args.response).ok_or_else(|| unknown(&args.response))?;
    let note = args.note.read()?;
    let sent = cx
        .session()
        .await?
        .answer_feedback(args.task, response, note.as_deref())
        .await?;
    let document = json!({ "task": args.task.to_string(), "transaction": sent.result });
    Ok(Answer::new(
        &document,
        format!("answered the feedback on task {}", args.task),
    )
    .after(sent.mined))
}

async fn inbox(cx: &Cx, unanswered: bool) -> Result<Answer> {
    let mut dialogues = cx.session().await?.inbox().await?;
    dialogues.retain(|dialogue| !unanswered || dialogue.task.answer.is_none());
    let rows = dialogues.iter().map(row).collect::<Vec<_>>();
    let empty = if unanswered {
        "no feedback on the account's products waits for an answer"
    } else {
        "there is no feedback on the account's products"
    };
    Ok(Answer::list(&rows, || text(&dialogues), empty))
}

async fn show(cx: &Cx, task: U256) -> Result<Answer> {
    let dialogue = cx.session().await?.feedback(task).await?;
    if dialogue.task.feedback.is_none() {
        return Err(TaskError::NoFeedback(task).into());
    }
    let row = row(&dialogue);
    let said = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let text = pairs([
        ("task", said("task")),
        ("product", format!("{} {}", said("product"), said("title"))),
        ("actions", actions(&dialogue)),
        ("outcome", said("outcome")),
        ("usefulness", row["usefulness"].to_string()),
        ("note", note_line(&dialogue.note)),
        ("answer", said("response")),
        ("answer note", note_line(&dialogue.answer_note)),
    ]);
    Ok(Answer::new(&row, text))
}

fn row(dialogue: &Dialogue) -> Value {
    let (task, feedback) = (
        &dialogue.task,
        dialogue.task.feedback.as_ref().map(|given| &given.feedback),
    );
    json!({
        "task": task.id.to_string(),
        "product": task.product.to_string(),
        "title": dialogue.product.listing.title,
        "consumer": task.consumer,
        "actions": feedback.map(|feedback| known(feedback.actions)),
        "expectedActions": dialogue.product.context.expected_actions,
        "outcome": feedback.map(|feedback| feedback.outcome.name()),
        "usefulness": feedback.map(|feedback| feedback.usefulness),
        "note": note(&dialogue.note),
        "noteError": unreadable(&dialogue.note),
        "answered": task.answer.is_some(),
        "response": task.answer.map(|said| said.response.name()),
        "answerNote": note(&dialogue.answer_note),
        "answerNoteError": unreadable(&dialogue.answer_note),
    })
}

fn text(dialogues: &[Dialogue]) -> String {
    let rows = dialogues.iter().map(|dialogue| {
        let feedback = dialogue.task.feedback.as_ref().map(|given| &given.feedback);
        [
            dialogue.task.id.to_string(),
            dialogue.task.product.to_string(),
            dialogue.product.listing.title.clone(),
            actions(dialogue),
            feedback
                .map_or("–", |feedback| feedback.outcome.name())
                .to_owned(),
            feedback
                .map(|feedback| feedback.usefulness.to_string())
                .unwrap_or_default(),
            note_line(&dialogue.note),
            dialogue
                .task
                .answer
                .map_or("unanswered", |said| said.response.name())
                .to_owned(),
        ]
    });
    table(
        [
            "task", "product", "title", "actions", "outcome", "useful", "note", "answer",
        ],
        rows,
    )
}

fn actions(dialogue: &Dialogue) -> String {
    let bits = dialogue
        .task
        .feedback
        .as_ref()
        .map_or(0, |given| given.feedback.actions);
    match known(bits) {
        actions if actions.is_empty() => "none".into(),
        actions => actions.to_string(),
    }
}

/// The actions that we have words for; anyone can send any bits.
fn known(bits: u16) -> Set<Action> {
    use ayumi_misp::Word;
    let actions = Action::ALL.iter().copied();
    actions
        .filter(|action| bits & (1 << action.index()) != 0)
        .collect()
}

fn note(note: &NoteText) -> Option<&str> {
    match note {
        NoteText::Text(text) => Some(text),
        _ => None,
    }
}

fn unreadable(note: &NoteText) -> Option<&str> {
    match note {
        NoteText::Unreadable(why) => Some(why),
        _ => None,
    }
}

fn note_line(note: &NoteText) -> String {
    match note {
        NoteText::None => String::new(),
        NoteText::Text(text) => text.clone(),
        NoteText::Unreadable(why) => format!("(not readable: {why})"),
    }
}

fn unknown(word: &str) -> InputError {
    InputError::Usage(format!("{word:?} is not one of the words"))
}
