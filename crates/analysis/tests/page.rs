//! The page about the rules and the table in the code say the same.

#![cfg(test)]

use daypass_analysis::RULES;

#[test]
fn the_page_is_the_table() {
    let page = include_str!("../../../docs/lint.md");
    let found: Vec<&str> = page.lines().filter(|line| line.starts_with("| L")).collect();
    let expected: Vec<String> = RULES
        .iter()
        .map(|rule| {
            let weight = rule.severity.letter();
            format!(
                "| {} | {weight} | {} | {} | {} |",
                rule.id, rule.title, rule.why, rule.mend
            )
        })
        .collect();
    assert_eq!(found, expected);
}
