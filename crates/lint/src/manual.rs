//! The rules for people: what `ayumi lint --rules` prints, and `docs/lint-rules.md`.

use std::fmt::Write as _;

use crate::rule::Rule;
use crate::rules::RULES;
use crate::score::EXACTNESS_POINTS;

/// The page of the rules, in Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Rules of `ayumi lint`\n\n\
         Written from the rules themselves: `ayumi lint --rules --markdown`. How they make the level and the score is in [lint.md](lint.md).\n\n\
         | rule | | for | points | finds |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        let _ = writeln!(
            page,
            "| [`{}`](#{}) | {} | {} | {} | {} |",
            rule.id,
            rule.id,
            rule.severity,
            rule.reader,
            points(rule),
            cell(rule.finds)
        );
    }
    for rule in RULES {
        let _ = write!(
            page,
            "\n## {}\n\nFinds what {}.\n\n- **Why** ({}): {}.\n- **Fix**: {}.\n- **Score**: {}.\n",
            rule.id,
            text(rule.finds),
            rule.reader,
            text(rule.why),
            text(rule.fix),
            scoring(rule)
        );
    }
    page
}

/// What the rule does to the score, in a word.
fn points(rule: &Rule) -> String {
    match (rule.points(), rule.is_exactness()) {
        (0, true) => "exactness".to_owned(),
        (0, false) => String::new(),
        (points, _) => points.to_string(),
    }
}

fn scoring(rule: &Rule) -> String {
    match (rule.points(), rule.is_exactness()) {
        (0, true) => format!(
            "an indicator with such a finding is not exact; the share of exact ones gives {EXACTNESS_POINTS} points"
        ),
        (0, false) => "none".to_owned(),
        (points, _) => format!("up to {points} points, by the share that states it"),
    }
}

fn cell(text: &str) -> String {
    self::text(text).replace('|', "\\|")
}

/// Markdown would take these for its own.
fn text(text: &str) -> String {
    text.replace('<', "\\<")
        .replace('_', "\\_")
        .replace('*', "\\*")
}
