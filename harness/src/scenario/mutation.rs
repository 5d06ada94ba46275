//! Changes to a message on its way down, before the layers below protect it: on its named parts, then on its octets.
//! Lengths are set right again unless the change is about them.

use super::wire::{Part, Wire};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Which part; [`MESSAGE`] for the message as a whole.
    pub part: String,
    /// What happens to it.
    pub change: Change,
}

/// The name of the message as a whole.
pub const MESSAGE: &str = "message";

/// What happens to a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It gets a length, header included, in octets: cut, or filled with zeros.
    Resize(usize),
    /// So many octets are cut off its end.
    Truncate(usize),
    /// So many zeros are added to it.
    Pad(usize),
    /// It is left out.
    Drop,
    /// It comes twice.
    Duplicate,
    /// It moves to this place, from 0.
    Reorder(usize),
    /// A bit of the header, or of the part's header, is set or cleared.
    SetBit(String, bool),
    /// Its value becomes these octets.
    SetRaw(Raw),
    /// These octets are added to its value bit by bit.
    Xor(Vec<u8>),
    /// Its length field gets this value, whatever its length.
    Length(usize),
    /// It gets another type.
    Retype(u32),
    /// A part is added at the end.
    Add {
        /// Its type.
        kind: u32,
        /// Its value.
        value: Vec<u8>,
        /// Whether an AVP is mandatory.
        is_mandatory: bool,
        /// The vendor of an AVP.
        vendor: u16,
    },
}

/// A value that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// Octets.
    Octets(Vec<u8>),
    /// A number, as long as the value that it replaces.
    Number(u64),
}

impl Raw {
    fn octets(&self, length: usize) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets.clone(),
            Self::Number(number) => {
                let octets = number.to_be_bytes();
                let need = octets.len() - octets.iter().take_while(|octet| **octet == 0).count();
                let length = length.max(need).max(1);
                let mut out = vec![0; length.saturating_sub(octets.len())];
                out.extend_from_slice(&octets[octets.len() - length.min(octets.len())..]);
                out
            }
        }
    }
}

/// Changes a message.
///
/// # Errors
/// A message that cannot be read, or a part that it does not have; the text says which.
pub fn apply(layer: &str, octets: &mut Vec<u8>, mutations: &[Mutation]) -> Result<(), String> {
    let (whole, parts): (Vec<&Mutation>, Vec<&Mutation>) =
        mutations.iter().partition(|mutation| mutation.is_of_octets());
    if !parts.is_empty() {
        let mut wire = Wire::parse(layer, octets)?;
        for mutation in parts {
            change(&mut wire, mutation)?;
        }
        *octets = wire.encode();
    }
    for mutation in whole {
        match &mutation.change {
            Change::Truncate(by) => octets.truncate(octets.len().saturating_sub(*by)),
            Change::Pad(by) => octets.resize(octets.len() + by, 0),
            Change::Resize(to) => octets.resize(*to, 0),
            Change::Xor(with) => xor(octets, with)?,
            Change::SetRaw(raw) => *octets = raw.octets(octets.len()),
            _ => return Err(format!("a message as a whole cannot be changed so: {mutation:?}")),
        }
    }
    Ok(())
}

impl Mutation {
    /// Whether it is about the octets of the message as a whole, as they travel.
    #[must_use]
    pub fn is_of_octets(&self) -> bool {
        let is_raw = matches!(
            self.change,
            Change::Truncate(_) | Change::Pad(_) | Change::Resize(_) | Change::Xor(_) | Change::SetRaw(_)
        );
        self.part == MESSAGE && is_raw
    }

    /// Whether it is about octets that are encrypted already.
    #[must_use]
    pub fn is_of_sealed(&self) -> bool {
        self.is_of_octets() || self.part == "body" || self.part == "flags" || self.part == "length"
    }
}

fn change(wire: &mut Wire, mutation: &Mutation) -> Result<(), String> {
    let Mutation { part: name, change } = mutation;
    if name == MESSAGE {
        return match change {
            Change::Length(to) => wire.set_length(*to),
            Change::Retype(to) => wire.set_header("code", u64::from(*to)),
            Change::SetBit(bit, on) => wire.set_bit(bit, *on),
            Change::Add { kind, value, is_mandatory, vendor } => {
                wire.add(*kind, value.clone(), *is_mandatory, *vendor)
            }
            Change::Reorder(to) => wire.move_last(*to),
            _ => Err(format!("a message as a whole cannot be changed so: {change:?}")),
        };
    }
    if let (true, Change::SetRaw(raw)) = (wire.has_header(name), change) {
        let Raw::Number(number) = raw else { return Err(format!("`{name}` takes a number")) };
        return wire.set_header(name, *number);
    }
    if let Some(done) = wire.change_attributes(name, change) {
        return done;
    }
    let header = wire.part_header();
    let at = wire.position(name)?;
    let parts = wire.parts_mut();
    match change {
        Change::Drop => {
            parts.remove(at);
        }
        Change::Duplicate => {
            let copy = parts[at].clone();
            parts.insert(at, copy);
        }
        Change::Reorder(to) => {
            let part = parts.remove(at);
            parts.insert((*to).min(parts.len()), part);
        }
        other => change_part(&mut parts[at], other, header)?,
    }
    Ok(())
}

fn change_part(part: &mut Part, change: &Change, header: usize) -> Result<(), String> {
    let value = &mut part.value;
    match change {
        Change::Resize(to) => {
            let to = to.checked_sub(header);
            value.resize(to.ok_or_else(|| format!("a part takes at least {header} octets"))?, 0);
        }
        Change::Truncate(by) => value.truncate(value.len().saturating_sub(*by)),
        Change::Pad(by) => value.resize(value.len() + by, 0),
        Change::SetBit(bit, on) => part.set_bit(bit, *on)?,
        Change::SetRaw(raw) => *value = raw.octets(value.len()),
        Change::Xor(with) => xor(value, with)?,
        Change::Length(to) => part.length = Some(*to),
        Change::Retype(to) => part.kind = *to,
        Change::Drop | Change::Duplicate | Change::Reorder(_) | Change::Add { .. } => {}
    }
    Ok(())
}

fn xor(octets: &mut [u8], with: &[u8]) -> Result<(), String> {
    if with.len() > octets.len() {
        return Err(format!("{} octets cannot be changed where there are {}", with.len(), octets.len()));
    }
    for (octet, with) in octets.iter_mut().zip(with) {
        *octet ^= with;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_reaches_beyond_what_is_there_is_told_and_does_nothing() {
        let mut octets = [1, 2, 3];
        assert_eq!(xor(&mut octets, &[0, 1]), Ok(()));
        assert_eq!(octets, [1, 3, 3]);
        let said = xor(&mut octets, &[1; 4]).unwrap_err();
        assert!(said.contains("4 octets cannot be changed where there are 3"), "{said}");
        assert_eq!(octets, [1, 3, 3]);
    }
}
