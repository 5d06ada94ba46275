//! Real and composed messages; each line of `samples.txt` is a kind, a name and octets.

/// What the octets of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::isakmp) enum Kind {
    /// A whole message in the clear.
    Clear,
    /// A whole message with an encrypted body.
    Sealed,
    /// A header, and the body that was decrypted.
    Opened,
}

/// One message.
#[derive(Debug, Clone)]
pub(in crate::isakmp) struct Sample {
    pub(in crate::isakmp) kind: Kind,
    pub(in crate::isakmp) name: &'static str,
    pub(in crate::isakmp) octets: Vec<u8>,
}

pub(in crate::isakmp) fn hex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

pub(in crate::isakmp) fn all() -> Vec<Sample> {
    let lines = include_str!("samples.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let sample = |line: &'static str| {
        let mut words = line.split(' ');
        let kind = match words.next().unwrap() {
            "clear" => Kind::Clear,
            "sealed" => Kind::Sealed,
            "opened" => Kind::Opened,
            other => panic!("{other} is no kind of sample"),
        };
        Sample { kind, name: words.next().unwrap(), octets: hex(words.next().unwrap()) }
    };
    lines.map(sample).collect()
}

pub(in crate::isakmp) fn named(name: &str) -> Vec<u8> {
    all().into_iter().find(|sample| sample.name == name).unwrap_or_else(|| panic!("no sample {name}")).octets
}
