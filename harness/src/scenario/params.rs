//! Parameters: lists of values, and the combinations that are run.

use super::fields;
use super::source::{Kind, Node, Problem};

/// A parameter and its values.
pub(super) type Param<'a> = (&'a str, Vec<&'a Node>);

/// The combinations that are run: every pair of values occurs in one at least, or all there are.
pub(super) fn combinations(params: &[Param<'_>], all: bool) -> Vec<Vec<usize>> {
    if all || params.len() < 3 {
        return params.iter().fold(vec![Vec::new()], |combinations, (_, values)| {
            let extended = combinations.iter().flat_map(|combination| {
                (0..values.len()).map(|value| {
                    let mut combination = combination.clone();
                    combination.push(value);
                    combination
                })
            });
            extended.collect()
        });
    }
    pairwise(&params.iter().map(|(_, values)| values.len()).collect::<Vec<_>>())
}

/// A greedy cover: each row takes the values that cover most pairs that no row before has.
fn pairwise(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut open = std::collections::BTreeSet::new();
    for (first, first_size) in sizes.iter().enumerate() {
        for (second, second_size) in sizes.iter().enumerate().skip(first + 1) {
            for a in 0..*first_size {
                open.extend((0..*second_size).map(|b| (first, a, second, b)));
            }
        }
    }
    let mut rows = Vec::new();
    while let Some(&(first, a, second, b)) = open.iter().next() {
        let mut row: Vec<Option<usize>> = vec![None; sizes.len()];
        row[first] = Some(a);
        row[second] = Some(b);
        for (column, size) in sizes.iter().enumerate() {
            if row[column].is_some() {
                continue;
            }
            let gain = |value: &usize| {
                let pair = |other: usize, chosen: usize| {
                    if other < column {
                        (other, chosen, column, *value)
                    } else {
                        (column, *value, other, chosen)
                    }
                };
                let chosen = row.iter().enumerate().filter_map(|(other, chosen)| Some((other, (*chosen)?)));
                chosen.filter(|(other, chosen)| open.contains(&pair(*other, *chosen))).count()
            };
            // The first of those that gain most, so that the order of values decides.
            row[column] = (0..*size).rev().max_by_key(gain);
        }
        let row: Vec<usize> = row.into_iter().map(Option::unwrap_or_default).collect();
        open.retain(|(first, a, second, b)| row[*first] != *a || row[*second] != *b);
        rows.push(row);
    }
    rows
}

/// The same tree with `$name` replaced by the parameter's value.
pub(super) fn substituted(node: &Node, values: &[(&str, &Node)], used: &mut Vec<String>) -> Node {
    let kind = match &node.kind {
        Kind::Text(text) => {
            let found = values.iter().find(|(name, _)| text.strip_prefix('$') == Some(name));
            if let Some((name, value)) = found {
                used.push((*name).to_owned());
                return Node { span: node.span.clone(), kind: value.kind.clone() };
            }
            Kind::Text(text.clone())
        }
        Kind::List(items) => Kind::List(items.iter().map(|item| substituted(item, values, used)).collect()),
        Kind::Object(members) => {
            let members = members.iter().map(|member| {
                let mut member = member.clone();
                member.value = substituted(&member.value, values, used);
                member
            });
            Kind::Object(members.collect())
        }
        other => other.clone(),
    };
    Node { span: node.span.clone(), kind }
}

/// Reads the parameters.
pub(super) fn read<'a>(node: Option<&'a Node>, problems: &mut Vec<Problem>) -> Vec<Param<'a>> {
    let Some(Node { kind: Kind::Object(members), .. }) = node else {
        if let Some(node) = node {
            problems.push(Problem::new(node.span.clone(), "expected an object of lists"));
        }
        return Vec::new();
    };
    let mut params = Vec::new();
    for member in members {
        let values: Vec<&Node> = fields::list(&member.value, problems).iter().collect();
        if values.is_empty() {
            problems.push(Problem::new(member.value.span.clone(), "a parameter needs at least one value"));
        }
        params.push((&member.key[..], values));
    }
    params
}

/// How a value is shown in the name of a case.
pub(super) fn label(node: &Node) -> String {
    match &node.kind {
        Kind::Text(text) | Kind::Number(text) => text.clone(),
        Kind::Flag(flag) => flag.to_string(),
        Kind::Null => "null".to_owned(),
        Kind::List(_) | Kind::Object(_) => fields::json(node).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_values_occurs_and_far_fewer_rows_than_all() {
        let sizes = [4, 3, 2, 5];
        let rows = pairwise(&sizes);
        for (first, first_size) in sizes.iter().enumerate() {
            for (second, second_size) in sizes.iter().enumerate().skip(first + 1) {
                for a in 0..*first_size {
                    for b in 0..*second_size {
                        assert!(rows.iter().any(|row| row[first] == a && row[second] == b));
                    }
                }
            }
        }
        assert!(rows.len() < 35, "{} rows of 120", rows.len());
    }
}
