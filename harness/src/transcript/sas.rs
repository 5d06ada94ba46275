//! The ESP security associations that a recording's keys open.

use std::ops::Range;

use l2tpspec_protocol::esp::{self, Encryption, Integrity, Job, Refused, Sa};

use super::ike::{Child, ChildSa};
use super::ip::Addresses;
use super::layer::Opening;
use crate::capture::keys::{AddressMatch, EspEncryption, EspIntegrity, EspSaEntry, Family, KeyError, Keys};

/// Security associations, found by SPI and addresses.
#[derive(Debug)]
pub(crate) struct Sas {
    known: Vec<Known>,
    /// SPI and index in `known`, sorted by SPI; entries for any SPI stand apart.
    by_spi: Vec<(u32, usize)>,
    any_spi: Vec<usize>,
}

#[derive(Debug)]
struct Known {
    family: Option<Family>,
    source: AddressMatch,
    destination: AddressMatch,
    sa: Sa,
    /// The same association with the integrity check value cut to 96 bits, where that is a known bug of senders.
    truncated: Option<Sa>,
    /// Octets of an integrity check value that cannot be checked and is cut off.
    unchecked: usize,
    /// Octets of the encryption key and of the integrity key.
    key_lengths: (usize, usize),
}

impl Sas {
    /// No associations.
    pub(crate) const fn empty() -> Self {
        Self { known: Vec::new(), by_spi: Vec::new(), any_spi: Vec::new() }
    }

    /// The associations of a key directory.
    pub(crate) fn new(keys: &Keys) -> Result<Self, KeyError> {
        let mut sas = Self::empty();
        for entry in &keys.esp {
            if let Some(known) = known(entry)? {
                sas.insert(entry.spi, known);
            }
        }
        Ok(sas)
    }

    /// Adds one association between any addresses. Whether its key fits its algorithm.
    pub(crate) fn learn(
        &mut self,
        spi: u32,
        (encryption, encryption_key): (Encryption, &[u8]),
        (integrity, integrity_key): (Integrity, &[u8]),
    ) -> bool {
        if self.by_spi.iter().any(|(known, _)| *known == spi) {
            return true;
        }
        let Ok(sa) = Sa::new(spi, encryption, encryption_key, integrity, integrity_key) else { return false };
        let known = Known {
            family: None,
            source: AddressMatch::Any,
            destination: AddressMatch::Any,
            sa,
            truncated: truncated(spi, encryption, encryption_key, integrity, integrity_key),
            unchecked: 0,
            key_lengths: (encryption_key.len(), integrity_key.len()),
        };
        self.insert(Some(spi), known);
        true
    }

    /// Adds both directions of a Quick Mode whose keys were derived.
    pub(crate) fn install(&mut self, child: &Child) {
        for ChildSa { spi, encryption_key, integrity_key } in &child.associations {
            let encryption = (child.encryption, encryption_key.expose());
            self.learn(*spi, encryption, (child.integrity, integrity_key.expose()));
        }
    }

    fn insert(&mut self, spi: Option<u32>, known: Known) {
        let index = self.known.len();
        self.known.push(known);
        match spi {
            Some(spi) => {
                let at = self.by_spi.partition_point(|(other, _)| *other <= spi);
                self.by_spi.insert(at, (spi, index));
            }
            None => self.any_spi.push(index),
        }
    }

    /// The first association given for this SPI and these addresses.
    pub(crate) fn find(&self, spi: u32, addresses: Addresses) -> Option<usize> {
        let start = self.by_spi.partition_point(|(other, _)| *other < spi);
        let exact =
            self.by_spi[start..].iter().take_while(|(other, _)| *other == spi).map(|(_, index)| *index);
        exact.chain(self.any_spi.iter().copied()).find(|index| {
            let known = &self.known[*index];
            known.family.is_none_or(|family| family == Family::of(addresses.destination))
                && known.source.matches(addresses.source)
                && known.destination.matches(addresses.destination)
        })
    }

    /// The association at an index that [`Sas::find`] gave.
    pub(crate) fn sa(&self, index: usize) -> &Sa {
        &self.known[index].sa
    }

    /// Octets of the encryption key and of the integrity key of the association at an index.
    pub(crate) fn key_lengths(&self, index: usize) -> (usize, usize) {
        self.known[index].key_lengths
    }

    /// Whether integrity check values of the association at an index can be computed here.
    pub(crate) fn is_checked(&self, index: usize) -> bool {
        self.known[index].unchecked == 0
    }

    /// Opens one packet in place: what came of it, and where the payload lies.
    pub(crate) fn open_one(&self, index: usize, packet: &mut [u8]) -> (Opening, Range<usize>) {
        let packet = self.trim(index, packet);
        let mut jobs = [Job::new(self.sa(index), packet)];
        esp::open_batch(&mut jobs);
        let [job] = jobs;
        self.judge(index, job)
    }

    /// Cuts off an integrity check value that cannot be checked.
    pub(crate) fn trim<'p>(&self, index: usize, packet: &'p mut [u8]) -> &'p mut [u8] {
        let keep = packet.len().saturating_sub(self.known[index].unchecked);
        &mut packet[..keep]
    }

    /// What came of a job. A key that does not verify is wrong; without integrity protection, one that leaves noise.
    pub(crate) fn judge(&self, index: usize, job: Job<'_>) -> (Opening, Range<usize>) {
        let known = &self.known[index];
        match job.outcome {
            Ok(opened) => {
                let is_verified = known.sa.icv_len() > 0;
                if !is_verified && !is_plausible(&opened) {
                    return (Opening::KeyWrong, 0..0);
                }
                let opening = Opening::Opened {
                    next_header: opened.next_header,
                    pad_length: opened.pad_length,
                    padding_is_sequential: opened.padding_is_sequential,
                    is_verified,
                };
                (opening, opened.payload)
            }
            Err(Refused::BadIcv) => match &known.truncated {
                Some(truncated) => {
                    let mut jobs = [Job::new(truncated, job.packet)];
                    esp::open_batch(&mut jobs);
                    let [job] = jobs;
                    match job.outcome {
                        Ok(opened) => {
                            (Opening::OpenedTruncated { next_header: opened.next_header }, opened.payload)
                        }
                        Err(_) => (Opening::KeyWrong, 0..0),
                    }
                }
                None => (Opening::KeyWrong, 0..0),
            },
            Err(_) => (Opening::KeyWrong, 0..0),
        }
    }
}

/// Without an integrity check only the trailer tells whether a key was right: padding that counts up, or none, and a
/// protocol that ESP carries in practice.
fn is_plausible(opened: &esp::Opened) -> bool {
    opened.padding_is_sequential
        && matches!(opened.next_header, 1 | 4 | 6 | 17 | 41 | 47 | 50 | 51 | 58 | 59 | 89 | 115)
}

fn known(entry: &EspSaEntry) -> Result<Option<Known>, KeyError> {
    let icv = entry.integrity.icv_length();
    let (integrity, unchecked) = match entry.integrity {
        EspIntegrity::Null => (Integrity::None, 0),
        EspIntegrity::HmacMd5_96 => (Integrity::HmacMd5_96, 0),
        EspIntegrity::HmacSha1_96 => (Integrity::HmacSha1_96, 0),
        EspIntegrity::HmacSha256_96 => (Integrity::HmacSha256_96, 0),
        EspIntegrity::HmacSha256_128 => (Integrity::HmacSha256_128, 0),
        EspIntegrity::HmacSha384_192 => (Integrity::HmacSha384_192, 0),
        EspIntegrity::HmacSha512_256 => (Integrity::HmacSha512_256, 0),
        // Not computed here: cut off without a check.
        _ => (Integrity::None, icv),
    };
    let (encryption, unchecked) = match entry.encryption {
        EspEncryption::Null => (Encryption::Null, unchecked),
        EspEncryption::DesCbc => (Encryption::DesCbc, unchecked),
        EspEncryption::TripleDesCbc => (Encryption::TripleDesCbc, unchecked),
        EspEncryption::AesCbc => (Encryption::AesCbc, unchecked),
        EspEncryption::AesCtr => (Encryption::AesCtr, unchecked),
        // The check value is the cipher's own; its length may stand with the integrity algorithm.
        EspEncryption::AesGcm { icv: own } => match own.map_or(icv, usize::from) {
            8 => (Encryption::AesGcm8, 0),
            12 => (Encryption::AesGcm12, 0),
            _ => (Encryption::AesGcm16, 0),
        },
        _ => return Ok(None),
    };
    let spi = entry.spi.unwrap_or(0);
    let key = entry.encryption_key.expose();
    // Without a check to fail, an integrity key is of no use.
    let integrity_key = if integrity == Integrity::None { &[][..] } else { entry.integrity_key.expose() };
    let sa = Sa::new(spi, encryption, key, integrity, integrity_key).map_err(|bad| KeyError::Syntax {
        path: entry.origin.file.to_path_buf(),
        line: entry.origin.line,
        column: 1,
        what: bad.to_string(),
        hint: "check the algorithm names and that the keys are whole".to_owned(),
    })?;
    // Behind a NAT the kernel's own addresses are not those on the wire.
    let is_translated = entry.encapsulation.is_some();
    let address = |given: AddressMatch| if is_translated { AddressMatch::Any } else { given };
    Ok(Some(Known {
        family: entry.family,
        source: address(entry.source),
        destination: address(entry.destination),
        truncated: truncated(spi, encryption, key, integrity, integrity_key),
        sa,
        unchecked,
        key_lengths: (key.len(), integrity_key.len()),
    }))
}

/// The association that a sender with the truncation bug uses.
fn truncated(
    spi: u32,
    encryption: Encryption,
    encryption_key: &[u8],
    integrity: Integrity,
    integrity_key: &[u8],
) -> Option<Sa> {
    if integrity != Integrity::HmacSha256_128 {
        return None;
    }
    Sa::new(spi, encryption, encryption_key, Integrity::HmacSha256_96, integrity_key).ok()
}
