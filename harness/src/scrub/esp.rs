//! ESP packets: opened, their contents replaced, and sealed again under other keys.

use l2tpspec_protocol::codec::{Codec as _, Reader};
use l2tpspec_protocol::esp::{self, Integrity, Sa};

use super::{Ends, Scrubber};
use crate::transcript::ip::Addresses;
use crate::transcript::layer::Opening;

/// Octets of SPI and sequence number.
const HEADER: usize = 8;

impl Scrubber<'_> {
    pub(super) fn esp(&mut self, octets: &mut [u8], ends: &Ends) {
        let Ok(header) = esp::wire::Header::decode(&mut Reader::new(octets)) else {
            return self.renaming.replace("unreadable", octets);
        };
        let spi = header.security_parameters_index;
        let addresses = Addresses { source: ends.old.0, destination: ends.old.1 };
        let known = self.sas.find(spi, addresses).filter(|_| !ends.is_quoted);
        let opened = known.filter(|known| self.sas.is_checked(*known)).and_then(|known| {
            let (opening, payload) = self.sas.open_one(known, octets);
            match opening {
                Opening::Opened { next_header, .. } => Some((known, next_header, payload, false)),
                Opening::OpenedTruncated { next_header } => Some((known, next_header, payload, true)),
                Opening::KeyAbsent | Opening::KeyWrong => None,
            }
        });
        let new = self.renaming.spi(spi);
        let Some((known, next_header, payload, is_truncated)) = opened else {
            let (head, body) = octets.split_at_mut(HEADER);
            head[..4].copy_from_slice(&new.to_be_bytes());
            self.renaming.replace("unreadable", body);
            if !ends.is_quoted {
                self.summary.overwritten_esp += 1;
            }
            return;
        };
        self.transport(next_header, &mut octets[payload], ends);
        self.seal(new, known, is_truncated, header.sequence_number, octets);
        self.summary.renewed_esp += 1;
    }

    fn seal(&mut self, new: u32, known: usize, is_truncated: bool, sequence_number: u32, octets: &mut [u8]) {
        if !self.new_sas.contains_key(&(new, is_truncated)) {
            let (encryption, integrity) = (self.sas.sa(known).encryption(), self.sas.sa(known).integrity());
            let integrity = if is_truncated { Integrity::HmacSha256_96 } else { integrity };
            let lengths = self.sas.key_lengths(known);
            let derived = self.keymats.get(&new).and_then(|keymat| keymat.keys(new, lengths));
            let (encryption_key, integrity_key) = derived.unwrap_or_else(|| {
                let key = |kind, length| self.renaming.random(kind, &new.to_be_bytes(), length);
                (key("encryption key", lengths.0), key("integrity key", lengths.1))
            });
            let Ok(sa) = Sa::new(new, encryption, &encryption_key, integrity, &integrity_key) else {
                return self.renaming.replace("unreadable", octets);
            };
            let integrity = if is_truncated { Integrity::HmacSha256_128 } else { integrity };
            self.keys.esp(new, (encryption, &encryption_key), (integrity, &integrity_key));
            self.new_sas.insert((new, is_truncated), sa);
        }
        let Some(sa) = self.new_sas.get(&(new, is_truncated)) else { return };
        let iv = octets.get(HEADER..sa.header_len()).unwrap_or_default();
        let iv = self.renaming.random("IV", iv, iv.len());
        // Lengths are those of what was opened.
        if sa.seal_plaintext_in_place(sequence_number, &iv, octets).is_err() {
            self.renaming.replace("unreadable", octets);
        }
    }
}
