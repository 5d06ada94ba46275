//! DNS messages, in place: each label has its replacement, so that pointers to labels stay right.

use super::Scrubber;

const HEADER: usize = 12;

impl Scrubber<'_> {
    pub(super) fn dns(&mut self, octets: &mut [u8]) {
        if self.dns_message(octets).is_none() {
            self.renaming.blank(octets.get_mut(HEADER..).unwrap_or_default());
        }
    }

    fn dns_message(&mut self, octets: &mut [u8]) -> Option<()> {
        let count =
            |at: usize| Some(usize::from(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?])));
        let (questions, records) = (count(4)?, count(6)? + count(8)? + count(10)?);
        let mut at = HEADER;
        for _ in 0..questions {
            at = self.dns_name(octets, at)? + 4;
        }
        for _ in 0..records {
            at = self.dns_name(octets, at)?;
            let &[a, b, _, _, _, _, _, _, high, low] = octets.get(at..at + 10)? else { return None };
            let start = at + 10;
            at = start + usize::from(u16::from_be_bytes([high, low]));
            self.dns_data(u16::from_be_bytes([a, b]), octets, start, at)?;
        }
        if let Some(behind) = octets.get_mut(at..) {
            self.renaming.blank(behind);
        }
        Some(())
    }

    /// Replaces the labels of a name up to its end or a pointer. Where it ends.
    fn dns_name(&mut self, octets: &mut [u8], mut at: usize) -> Option<usize> {
        loop {
            let length = usize::from(*octets.get(at)?);
            match length {
                0 => return Some(at + 1),
                1..=63 => self.renaming.name(octets.get_mut(at + 1..at + 1 + length)?),
                192.. => return Some(at + 2),
                _ => return None,
            }
            at += 1 + length;
        }
    }

    fn dns_data(&mut self, kind: u16, octets: &mut [u8], start: usize, end: usize) -> Option<()> {
        let data = octets.get_mut(start..end)?;
        match kind {
            1 | 28 => super::ike::address(data, self.renaming),
            // NS, CNAME, PTR, MX, SRV; and SOA, which has two.
            2 | 5 | 12 | 39 => _ = self.dns_name(octets, start)?,
            15 => _ = self.dns_name(octets, start + 2)?,
            33 => _ = self.dns_name(octets, start + 6)?,
            6 => {
                let second = self.dns_name(octets, start)?;
                self.dns_name(octets, second)?;
            }
            // Of EDNS, options may hold the client's network.
            _ => self.renaming.blank(data),
        }
        Some(())
    }
}
