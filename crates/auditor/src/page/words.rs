//! All that the page says, in its languages.

use std::fmt::Display;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    En,
    Ja,
}

impl Lang {
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// As in `lang` and in `Accept-Language`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// As its speakers call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ja => "日本語",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        let primary = code.split('-').next().unwrap_or(code);
        Self::ALL
            .into_iter()
            .find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }

    /// The one that a browser likes best, of ours.
    pub(crate) fn preferred(accepted: &str) -> Self {
        let wishes = accepted.split(',').filter_map(|wish| {
            let (code, weight) = wish.split_once(";q=").unwrap_or((wish, "1"));
            let weight: f32 = weight.trim().parse().ok()?;
            Some((Self::from_code(code.trim())?, weight))
        });
        // The first of those that are liked equally.
        let best = wishes
            .filter(|(_, weight)| *weight > 0.0)
            .reduce(|best, wish| if wish.1 > best.1 { wish } else { best });
        best.map_or(Self::En, |(lang, _)| lang)
    }

    /// A sentence with its gaps `{0}`, `{1}`, … filled.
    pub(crate) fn say(self, word: Word, gaps: &[&dyn Display]) -> String {
        let mut text = self.text(word).to_owned();
        for (place, gap) in gaps.iter().enumerate() {
            text = text.replace(&format!("{{{place}}}"), &gap.to_string());
        }
        text
    }
}

macro_rules! words {
    ($($name:ident: $en:literal, $ja:literal;)*) => {
        /// What the page can say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Word { $($name),* }

        impl Word {
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        impl Lang {
            pub(crate) fn text(self, word: Word) -> &'static str {
                match (word, self) {
                    $((Word::$name, Self::En) => $en, (Word::$name, Self::Ja) => $ja,)*
                }
            }
        }
    };
}

words! {
    // Around every page.
    Skip: "Skip to the content", "本文へ移動";
    Pages: "Pages", "ページ";
    Tagline: "steps of a consortium, recounted", "コンソーシアムの歩みを数え直す";
    Overview: "Overview", "概要";
    Organisations: "Organisations", "組織";
    Teams: "Teams", "チーム";
    Products: "Products", "プロダクト";
    ActivityPage: "Activity", "活動";
    Verify: "Verify", "検証";
    Definitions: "Definitions", "定義";
    Interface: "Interface for programs", "プログラム用インターフェース";
    Language: "Language", "言語";
    UpTo: "up to block", "ブロック";
    UpToAfter: "", "まで";
    Behind: "{0} behind", "{0}前";
    Live: "Live", "自動更新";
    LiveHint: "Show new blocks as they come", "新しいブロックを自動で表示する";
    Newer: "A newer block is there: show it", "新しいブロックがあります：表示する";

    // What can be chosen.
    Choose: "What is shown", "表示条件";
    From: "From", "開始日";
    To: "To", "終了日";
    By: "By", "単位";
    Day: "Day", "日";
    Week: "Week", "週";
    Month: "Month", "月";
    Automatic: "Automatic", "自動";
    SeriesName: "Series", "系列";
    Raw: "Raw", "全件";
    External: "External", "組織間";
    Clean: "Clean", "精査済み";
    RawMeans: "everything that the chain counted", "チェーンが数えたすべて";
    ExternalMeans: "where producer and consumer are of different organisations", "生産者と消費者の組織が異なるもの";
    CleanMeans: "external, less what needs a look", "組織間のうち、要確認のものを除く";
    Organisation: "Organisation", "組織";
    Show: "Show", "表示";
    LastDays: "{0} days", "{0}日間";
    LastYear: "1 year", "1年間";
    AllTime: "All time", "全期間";
    Period: "Period", "期間";
    WholeTime: "From the first block on", "最初のブロックから";
    SinceDay: "Since {0}", "{0} 以降";
    UntilDay: "Until {0}", "{0} まで";
    Between: "From {0} to {1}", "{0} から {1} まで";

    // Around every figure.
    Csv: "CSV", "CSV";
    CsvOf: "CSV, {0}", "CSV, {0}";
    AsTable: "As a table", "表で見る";
    DefinitionOf: "{0}, definition of {1}", "{0}, {1} の定義";
    Nothing: "Nothing happened in this period.", "この期間の活動はありません。";
    TooFew: "too few to tell ({0} of {1})", "件数不足（{1} 件中 {0} 件）";
    NofM: "{0} of {1}", "{1} 件中 {0} 件";
    NoData: "no data", "データなし";
    NoneYet: "None.", "ありません。";
    More: "Older ones", "以前のもの";
    Unassigned: "of no organisation", "所属組織なし";
    Suspended: "suspended", "停止中";

    Seconds: "{0} s", "{0} 秒";
    Minutes: "{0} min", "{0} 分";
    Hours: "{0} h", "{0} 時間";
    Days: "{0} d", "{0} 日";
    NoActions: "none", "なし";

    // Steps.
    Step: "step", "歩";
    Steps: "steps", "歩";
    StepsTitle: "Steps", "歩み";
    Published: "Published", "公開";
    Sold: "Sold", "販売";
    Bought: "Bought", "購入";
    Redeemed: "Redeemed", "引換";
    Delivered: "Delivered", "配達";
    Consumed: "Received", "受領";
    FeedbackGiven: "Feedback given", "フィードバック";
    FeedbackReceived: "Feedback received", "受けたフィードバック";
    Answered: "Answered", "回答";
    PublishedMeans: "products put on sale, revisions included", "販売を始めたプロダクト（改訂を含む）";
    BoughtMeans: "tickets bought", "購入されたチケット";
    RedeemedMeans: "tickets handed in for a delivery", "配達のために引き換えられたチケット";
    DeliveredMeans: "deliveries whose key is on the chain", "鍵がチェーンに記録された配達";
    FeedbackMeans: "deliveries on which the consumer said what it did", "消費者が行動を報告した配達";
    AnsweredMeans: "feedback that the producer answered", "生産者が回答したフィードバック";

    // Overview.
    WalkedPlain: "{0}: {1} put on sale, {2} bought, {3} redeemed, {4} delivered; {5} with feedback, {6} answered.", "{0}：公開 {1}、購入 {2}、引換 {3}、配達 {4}、フィードバック {5}、回答 {6}。";
    StepsOverTime: "Steps over time", "歩みの推移";
    StepsOverTimePlain: "{0} in all; the most, {1}, in the period from {2}.", "合計 {0}。最も多いのは {2} からの {1}。";
    StepsByOrganisation: "Steps by organisation", "組織ごとの歩み";
    StepsByOrganisationPlain: "Each step belongs to who took it. In order of names; volume is no merit.", "それぞれの歩みは、歩んだ組織に属します。名前順であり、量は優劣ではありません。";
    Movers: "Movers", "変化";
    MoversPlain: "Against the {0} days before, each beside its own past.", "直前の {0} 日間との比較。それぞれ自らの過去と比べます。";
    MoversNone: "No organisation took more or fewer steps than in the {0} days before.", "直前の {0} 日間と歩数が変わった組織はありません。";
    Now: "Now", "今期";
    Earlier: "Before", "前期";
    Change: "Change", "増減";
    Weakest: "Where the chain of sharing is thinnest", "共有の輪が細いところ";
    WeakestPlain: "Not a verdict: a place to ask what is in the way. Rates are shown from five cases on, and compared from three organisations on.", "評価ではなく、何が妨げかを尋ねるための手がかりです。率は5件から示し、3組織から比べます。";
    WeakestNone: "There is not enough yet to compare organisations: each needs five cases, and three organisations are needed.", "組織を比べるにはまだ足りません。各組織に5件、3組織が必要です。";
    WeakestLow: "{0} took {1} steps as a consumer where {2} would be expected of so many accounts; less than chance explains.", "{0} の消費者としての歩みは {1}。アカウント数から見込まれるのは {2} で、偶然では説明できない差です。";
    WeakestFair: "No organisation consumes less than chance would explain.", "偶然で説明できる範囲を下回る組織はありません。";
    Rate: "Rate", "率";
    Lowest: "Lowest", "最も低い組織";
    LowerQuartile: "Lower quartile", "第1四分位";
    Median: "Median", "中央値";
    Range: "Median to 9 in 10", "中央値〜90 %";
    UpperQuartile: "Upper quartile", "第3四分位";
    Rates: "Use, feedback, answers", "利用・フィードバック・回答";
    RatesPlain: "What became of what was bought, delivered and said. Cases that are too young to be counted are left out.", "購入・配達・報告されたものがその後どうなったか。まだ日の浅いものは除きます。";
    Durations: "How long it takes", "所要時間";
    DurationsPlain: "Half of all end within the median, nine of ten within p90; what has not ended is counted in.", "半数が中央値以内に、9割が p90 以内に終わります。未了のものも含めて計算しています。";
    P90: "p90", "p90";
    Ended: "Ended", "完了";
    Open: "Open", "未了";
    ActiveTeams: "Active teams", "活動中のチーム";
    ActiveTeamsPlain: "In a median week {0} teams redeemed a ticket or gave feedback ({1} weeks).", "中央値の週に {0} チームが引換またはフィードバックをしました（{1} 週）。";

    // Rates, durations, money.
    C1: "Use rate", "利用率";
    C1Means: "tickets delivered within 30 days, of those bought more than 30 days ago", "30日以上前に購入されたチケットのうち、30日以内に配達されたもの";
    C2: "Fulfilment", "履行率";
    C2Means: "delivered, of all that were requested", "依頼されたもののうち、配達されたもの";
    C3: "Feedback rate", "フィードバック率";
    C3Means: "deliveries with feedback within 14 days, of those older", "14日より前の配達のうち、14日以内にフィードバックがあったもの";
    C4: "Action rate", "行動率";
    C4Means: "feedback that names an action", "行動が報告されたフィードバック";
    C5: "Answer rate", "回答率";
    C5Means: "feedback answered within 7 days, of that older", "7日より前のフィードバックのうち、7日以内に回答されたもの";
    T1: "Publication to first use", "公開から最初の利用まで";
    T2: "Request to delivery", "依頼から配達まで";
    T3: "Delivery to feedback", "配達からフィードバックまで";
    T4: "Feedback to answer", "フィードバックから回答まで";
    Money: "Money", "金額";
    MoneyPlain: "No amount without its count.", "金額は必ず件数とともに示します。";
    Paid: "Paid for tickets", "チケット代";
    Refunded: "Refunded", "払戻し";
    Complaints: "Refunded after complaints", "苦情による払戻し";
    Spent: "Spent on settled deliveries", "精算済みの配達への支出";
    Rewards: "Given back for feedback", "フィードバック報奨";
    PerDelivery: "For each settled delivery", "精算済み配達1件あたり";
    PerAction: "For each feedback with an action", "行動のあるフィードバック1件あたり";
    Idle: "Idle: unused after 30 days", "遊休：30日間未使用";
    Amount: "Amount", "金額";
    Count: "Count", "件数";
    Income: "Income", "収入";
    Spending: "Spending", "支出";

    // The gap.
    Gap: "Expected and actual", "期待と実際";
    GapPlain: "What producers expect to be done, and what consumers say they did.", "生産者が期待する行動と、消費者が報告した行動。";
    Done: "Expected and done", "期待どおり実施";
    NotDone: "Expected, not done", "期待されたが未実施";
    Unexpected: "Done, not expected", "期待外の実施";
    Unmet: "Unmet in time", "期限内に未達";
    UnmetMeans: "expected actions of tasks requested more than 14 days ago that were not met in time", "14日以上前に依頼されたタスクで、期限内に満たされなかった期待行動";
    NotDelivered: "not delivered", "未配達";
    NoAction: "no feedback or no action", "フィードバックまたは行動なし";
    OtherAction: "another action", "別の行動";
    Late: "too late", "遅延";
    Outcomes: "Outcomes", "結果";
    TruePositive: "true positive", "真陽性";
    NoHit: "no hit", "該当なし";
    FalsePositive: "false positive", "偽陽性";
    Expired: "expired", "期限切れ";
    NotApplicable: "not applicable", "対象外";

    // Organisations and teams.
    OrganisationsPlain: "Organisations: {0}, with {1} accounts. In order of joining.", "{0} 組織、{1} アカウント。加入順。";
    Accounts: "Accounts", "アカウント";
    LastStep: "Last step as consumer", "消費者としての最後の歩み";
    Taken: "Steps as consumer", "消費者としての歩み";
    ExpectedSteps: "Expected", "見込み";
    Usefulness: "Usefulness", "有用度";
    UsefulnessMeans: "mean of 1 to 5, one vote for each organisation and product, pulled towards 3 by five votes; shown from five votes on", "1から5の平均。組織とプロダクトごとに1票、5票分だけ3に寄せています。5票から表示";
    Votes: "Votes", "票";
    Status: "Status", "状態";
    IsLow: "below what chance explains", "偶然の範囲を下回る";
    WithinChance: "within chance", "偶然の範囲内";
    TooSmall: "too small to tell", "規模不足";
    AsProducer: "As producer", "生産者として";
    AsConsumer: "As consumer", "消費者として";
    TeamsPlain: "A team is shown from five members on; what smaller ones did is in their organisation's row. Nobody is ranked.", "チームは5名から表示します。それより小さいチームの活動は組織の行に含みます。順位は付けません。";
    Team: "Team", "チーム";
    NoTeam: "without a team, or in one under five", "チームなし、または5名未満";
    OwnAccount: "Your own steps", "自分の歩み";
    OwnAccountPlain: "Steps are on the chain by account. Enter yours to see your own trend.", "歩みはアカウントごとにチェーンに記録されます。自分のアドレスを入力すると、自分の推移が見られます。";
    Address: "Address of an account", "アカウントのアドレス";
    Account: "Account", "アカウント";

    // Products and tasks.
    ProductsPlain: "Products: {0}, newest first.", "{0} プロダクト、新しい順。";
    Product: "Product", "プロダクト";
    Title: "Title", "題名";
    Producer: "Producer", "生産者";
    Consumer: "Consumer", "消費者";
    Edition: "Edition", "版";
    EditionOf: "edition {0}", "第{0}版";
    Price: "Price", "価格";
    PublishedAt: "Published at", "公開日時";
    OnSale: "on sale", "販売中";
    Withdrawn: "withdrawn", "取下げ";
    Revised: "revised", "改訂済み";
    PreviousEdition: "The edition before", "前の版";
    NextEdition: "The edition after", "次の版";
    ExpectedActions: "Expected actions", "期待される行動";
    Tasks: "Tasks", "タスク";
    TasksPlain: "Newest first. A task is one ticket's way from request to settlement.", "新しい順。タスクは、1枚のチケットの依頼から精算までの道のりです。";
    Task: "Task", "タスク";
    TaskN: "Task {0}", "タスク {0}";
    State: "State", "状態";
    Actions: "Actions", "行動";
    Outcome: "Outcome", "結果";
    Response: "Answer", "回答";
    Class: "Counted as", "区分";
    When: "When", "日時";
    Block: "Block", "ブロック";
    BlockN: "Block {0}", "ブロック {0}";
    Transaction: "Transaction", "トランザクション";
    LogN: "log {0}", "ログ {0}";
    What: "What", "内容";
    StepByStep: "Step by step", "一歩ずつ";

    // Activity.
    FeedTitle: "As it happens", "起きていること";
    FeedPlain: "The newest first; new blocks appear by themselves. Each event leads to its block, transaction and log.", "新しい順。新しいブロックは自動で現れます。各イベントから、ブロック・トランザクション・ログへ辿れます。";
    BlockPlain: "{0} events of the three contracts.", "3つのコントラクトのイベント {0} 件。";
    CheckIt: "Look at it yourself", "自分で確かめる";
    Findings: "Needs a look", "要確認";
    FindingsPlain: "What a rule noticed, with the transactions that show it. It is counted in raw and external figures, and left out of clean ones.", "規則が気づいたものと、それを示すトランザクション。全件と組織間には数え、精査済みからは除きます。";
    Rule: "Rule", "規則";
    Evidence: "Transactions", "トランザクション";
    RuleSameOrganisation: "Producer and consumer are of one organisation.", "生産者と消費者が同じ組織です。";
    RuleRoundTrip: "Tickets or money went there and back.", "チケットまたは金額が往復しています。";
    RuleUnused: "Three or more purchases with no delivery between them.", "配達のないまま3回以上購入されています。";
    RuleClosedCircle: "Two accounts enrolled on one day trade with each other only.", "同じ日に登録された2つのアカウントが互いにのみ取引しています。";
    RuleReciprocal: "Each buys as much from the other.", "互いに同程度を購入し合っています。";
    RuleFastLoop: "From purchase to answer within 60 seconds.", "購入から回答まで60秒以内です。";
    RuleRepeatedNote: "The same note twice.", "同じメモが2度使われています。";
    OrganisationAdded: "Organisation {0} joined", "組織 {0} が加入";
    OrganisationSuspensionSet: "Organisation {0} was suspended or readmitted", "組織 {0} の停止または再開";
    AccountEnrolled: "An account was enrolled", "アカウントを登録";
    AccountSuspensionSet: "An account was suspended or readmitted", "アカウントの停止または再開";
    TeamAssigned: "An account was given a team", "アカウントをチームに割当て";
    SolverRegistered: "A solver was registered", "ソルバーを登録";
    SolverUpdated: "A solver changed its endpoint or key", "ソルバーの接続先または鍵を変更";
    SolverSuspensionSet: "A solver was suspended or readmitted", "ソルバーの停止または再開";
    ProductPublished: "Product {0} was published", "プロダクト {0} を公開";
    ProductRevised: "Product {0} was revised", "プロダクト {0} を改訂";
    ProductWithdrawn: "Product {0} was withdrawn", "プロダクト {0} を取下げ";
    SolverAssigned: "Product {0} was given a solver", "プロダクト {0} にソルバーを割当て";
    TicketsBought: "Tickets of product {0} were bought", "プロダクト {0} のチケットを購入";
    TicketsRefunded: "Tickets of product {0} were refunded", "プロダクト {0} のチケットを払戻し";
    Credited: "Money was credited", "入金";
    Collected: "Money was collected", "出金";
    TicketsMoved: "Tickets changed hands", "チケットの移動";
    TaskRequested: "Task {0} was requested", "タスク {0} を依頼";
    ReceiptAcknowledged: "The receipt of task {0} was acknowledged", "タスク {0} の受領を確認";
    TaskDelivered: "Task {0} was delivered", "タスク {0} を配達";
    TaskSettled: "Task {0} was settled", "タスク {0} を精算";
    TaskDeclined: "Task {0} was declined", "タスク {0} を辞退";
    TaskCancelled: "Task {0} was cancelled", "タスク {0} を取消し";
    TaskRefunded: "Task {0} was refunded after a complaint", "苦情によりタスク {0} を払戻し";
    FeedbackGivenOn: "Feedback was given on task {0}", "タスク {0} にフィードバック";
    FeedbackAnsweredOn: "The feedback on task {0} was answered", "タスク {0} のフィードバックに回答";
    OtherEvent: "Another event", "その他のイベント";

    // Verify.
    VerifyPlain: "Everything here follows from events that anyone with a node can read. This auditor compares it again and again: all events are read anew and counted by themselves, and set beside the contracts' own counters and balances and beside the index that these pages are drawn from.", "ここに示すものはすべて、ノードがあれば誰でも読めるイベントから導かれます。この監査サーバーは繰り返し照合します。全イベントを読み直して別に数え、コントラクト自身のカウンターと残高、そしてこのページの元となる索引と突き合わせます。";
    LastCheck: "The last check", "最後の検証";
    AllAgrees: "All agrees", "すべて一致";
    AllAgreesPlain: "Up to block {0}: {1} events counted again, {2} accounts compared, no difference. {3}, in {4} s.", "ブロック {0} まで：イベント {1} 件を数え直し、{2} アカウントを照合、相違なし。{3}、所要 {4} 秒。";
    Differs: "Something differs", "相違があります";
    DiffersPlain: "Up to block {0}: {1} events counted again, {2} accounts compared; differences: {3}. {4}", "ブロック {0} まで：イベント {1} 件を数え直し、{2} アカウントを照合、相違 {3} 件。{4}";
    NotChecked: "Not checked yet", "未検証";
    NotCheckedPlain: "No check has ended since this auditor started. It does so once it has read the chain; with --read-only or --verify-every-s 0 it does not at all.", "この監査サーバーの起動後に完了した検証はありません。チェーンを読み終えると検証します。--read-only または --verify-every-s 0 では検証しません。";
    CheckFailed: "The check could not be done", "検証できませんでした";
    Differences: "Differences", "相違";
    With: "With", "照合先";
    FromEvents: "From the events", "イベントから";
    Found: "Found", "照合先の値";
    History: "Checks so far", "これまでの検証";
    Result: "Result", "結果";
    Took: "Took", "所要";
    DoItYourself: "Do it yourself", "自分で検証する";
    DoItYourselfPlain: "Ask a node that you trust; this page is not involved in the first command. The second compares what this auditor serves, row by row.", "信頼できるノードに尋ねてください。最初のコマンドはこのページに依存しません。2番目は、この監査サーバーの応答を1行ずつ照合します。";
    Index: "The index", "索引";
    Events: "Events", "イベント";
    ChainId: "Chain id", "チェーン ID";
    Operator: "CTIOperator", "CTIOperator";
    BlockHash: "Hash of the newest block", "最新ブロックのハッシュ";
    BlockTime: "Time of the newest block", "最新ブロックの時刻";

    // Refusals.
    Refused: "This cannot be shown", "表示できません";
    BackToOverview: "To the overview", "概要へ";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_the_same_gaps() {
        for word in Word::ALL {
            for place in 0..7 {
                let gap = format!("{{{place}}}");
                let has = |lang: Lang| lang.text(*word).contains(&gap);
                assert_eq!(has(Lang::En), has(Lang::Ja), "{word:?} {gap}");
            }
        }
    }

    #[test]
    fn the_browser_chooses_among_ours() {
        for (accepted, lang) in [
            ("", Lang::En),
            ("ja", Lang::Ja),
            ("ja-JP,ja;q=0.9,en;q=0.8", Lang::Ja),
            ("en-GB,ja;q=0.9", Lang::En),
            ("de,ja;q=0.5,en;q=0.7", Lang::En),
            ("de", Lang::En),
            ("ja;q=0", Lang::En),
            ("ja;q=x, ;;;", Lang::En),
        ] {
            assert_eq!(Lang::preferred(accepted), lang, "{accepted}");
        }
    }

    #[test]
    fn gaps_are_filled() {
        assert_eq!(Lang::En.say(Word::NofM, &[&3, &5]), "3 of 5");
        assert_eq!(Lang::Ja.say(Word::NofM, &[&3, &5]), "5 件中 3 件");
    }
}
