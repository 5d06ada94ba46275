//! Where a subject's daemons run: in namespaces of this kernel where it has what they need, in a guest of QEMU where not.

use std::path::Path;
use std::sync::OnceLock;

use super::{LabError, namespaces};

/// The variable that says which, where finding out is not to decide.
const VARIABLE: &str = "L2TPSPEC_HOSTING";

/// What a guest is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosting {
    /// Namespaces of this kernel. They take root, ESP, PPP, L2TP and an overlay of files.
    Namespaces,
    /// A machine of QEMU.
    Qemu,
}

impl Hosting {
    /// What `L2TPSPEC_HOSTING` says, `netns` or `guest`; without it whatever this machine can do that boots sooner.
    ///
    /// # Errors
    /// Another word, or namespaces where this machine cannot: what is missing.
    pub(super) fn chosen(cache: &Path) -> Result<Self, LabError> {
        static TRIED: OnceLock<Result<(), String>> = OnceLock::new();

        let told = std::env::var(VARIABLE).unwrap_or_default();
        let tried = || TRIED.get_or_init(|| namespaces::probe(cache).map_err(|error| error.to_string()));
        decided(&told, || tried().clone())
    }
}

fn decided(told: &str, probe: impl FnOnce() -> Result<(), String>) -> Result<Hosting, LabError> {
    match told {
        "" => Ok(probe().map_or(Hosting::Qemu, |()| Hosting::Namespaces)),
        "guest" => Ok(Hosting::Qemu),
        "netns" => match probe() {
            Ok(()) => Ok(Hosting::Namespaces),
            Err(why) => Err(LabError::Missing {
                what: format!("what {VARIABLE}=netns takes"),
                how: format!("{why}; without it a guest of QEMU is taken"),
            }),
        },
        other => Err(LabError::Missing {
            what: format!("a meaning of {VARIABLE}={other}"),
            how: "`netns` and `guest` have one".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_the_kernel_decides() {
        assert_eq!(decided("", || Ok(())).unwrap(), Hosting::Namespaces);
        assert_eq!(decided("", || Err("no ESP".to_owned())).unwrap(), Hosting::Qemu);
    }

    #[test]
    fn a_word_decides_and_namespaces_are_refused_with_what_is_missing() {
        assert_eq!(decided("guest", || panic!("nobody asked")).unwrap(), Hosting::Qemu);
        assert_eq!(decided("netns", || Ok(())).unwrap(), Hosting::Namespaces);
        let said = decided("netns", || Err("this kernel has no ESP".to_owned())).unwrap_err().to_string();
        assert!(said.contains("this kernel has no ESP"), "{said}");
        let said = decided("qemu", || Ok(())).unwrap_err().to_string();
        assert!(said.contains("`netns` and `guest`"), "{said}");
    }
}
