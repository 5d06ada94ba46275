//! The requirement catalogue: one testable clause each, with its strength and whom it binds.

use std::sync::OnceLock;

use serde::Deserialize;

/// The catalogue as committed.
const SOURCE: &str = include_str!("../../../scenarios/requirements.json");

/// How strongly a requirement binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Strength {
    /// MUST or MUST NOT.
    Must,
    /// SHOULD or SHOULD NOT.
    Should,
    /// MAY.
    May,
}

impl Strength {
    /// The RFC's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// One requirement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Layer, RFC, section and letter.
    pub id: String,
    /// Number of the RFC, or name of the draft.
    pub rfc: String,
    /// Section.
    pub section: String,
    /// How strongly it binds.
    pub strength: Strength,
    /// Whom it binds.
    pub binds: String,
    /// What it asks, in words of ours.
    pub text: String,
    /// How it can be checked.
    pub check: String,
}

/// Every requirement, in the order of the layers.
///
/// # Panics
/// Never: the catalogue is compiled in and a test reads it.
pub fn all() -> &'static [Requirement] {
    static ALL: OnceLock<Vec<Requirement>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(SOURCE).expect("the catalogue is compiled in"))
}

/// The requirement with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Requirement> {
    all().iter().find(|requirement| requirement.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_is_there_once() {
        let ids: BTreeSet<_> = all().iter().map(|requirement| &requirement.id).collect();
        assert_eq!(ids.len(), all().len());
        assert_eq!(ids.len(), 450);
    }

    #[test]
    fn every_rule_judges_a_requirement_of_the_catalogue_and_only_once() {
        let mut seen = BTreeSet::new();
        for rule in crate::rule::all() {
            assert!(find(rule.requirement).is_some(), "{} is not in the catalogue", rule.requirement);
            assert!(seen.insert(rule.requirement), "{} has two rules", rule.requirement);
        }
        assert!(seen.len() >= 170, "only {} rules are left", seen.len());
    }
}
