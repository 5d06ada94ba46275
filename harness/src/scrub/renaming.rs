//! What stands for what: the same replacement for the same original, of the same length, in the whole recording.
//!
//! Addresses keep their scope, the octet of the host, and whether they share a prefix of whole octets; none becomes one that
//! the recording has. Names keep their separators. Random values become others that are drawn from a secret of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use l2tpspec_protocol::crypto::hash::Hash;

/// Words of names that say nothing of anybody.
const COMMON: [&[u8]; 6] = [b"in-addr", b"ip6", b"arpa", b"local", b"localhost", b"msrasv5"];
/// What parts a name.
const SEPARATORS: &[u8] = b".@\\/ ";
/// What names are made of.
const NAME: &[u8] = b"nameless";
/// Networks for benchmarks (RFC 2544) stand for all public ones.
const PUBLIC: [u8; 2] = [198, 18];

/// Replacements, as they are needed.
#[derive(Debug)]
pub(super) struct Renaming {
    secret: Vec<u8>,
    /// By the octets before it, what stands for an octet of an address.
    octets: BTreeMap<Vec<u8>, BTreeMap<u8, u8>>,
    publics: BTreeMap<[u8; 3], [u8; 3]>,
    prefixes: BTreeMap<[u8; 8], [u8; 8]>,
    hardware: BTreeMap<[u8; 6], [u8; 6]>,
    names: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What must not stand for anything: what an earlier pass met.
    met: Met,
}

/// What a recording has.
#[derive(Debug, Default)]
pub(super) struct Met {
    octets: BTreeMap<Vec<u8>, BTreeSet<u8>>,
    publics: BTreeSet<[u8; 3]>,
    names: BTreeSet<Vec<u8>>,
}

impl Renaming {
    pub(super) fn new(secret: Vec<u8>, met: Met) -> Self {
        Self {
            secret,
            octets: BTreeMap::new(),
            publics: BTreeMap::new(),
            prefixes: BTreeMap::new(),
            hardware: BTreeMap::new(),
            names: BTreeMap::new(),
            met,
        }
    }

    /// What was met, and the secret, for the next pass.
    pub(super) fn into_met(self) -> (Vec<u8>, Met) {
        let met = Met {
            octets: self
                .octets
                .into_iter()
                .map(|(context, all)| (context, all.into_keys().collect()))
                .collect(),
            publics: self.publics.into_keys().collect(),
            names: self.names.into_keys().collect(),
        };
        (self.secret, met)
    }

    /// Octets that only whoever knows the secret can tell from chance.
    pub(super) fn random(&self, kind: &str, original: &[u8], length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length);
        let mut round = 0_u32;
        while out.len() < length {
            let parts: [&[u8]; 4] = [kind.as_bytes(), &[0], &round.to_be_bytes(), original];
            out.extend(Hash::Sha256.hmac(&self.secret, &parts));
            round += 1;
        }
        out.truncate(length);
        out
    }

    /// Puts random octets in the place of others. Zeros stay: they say that there is nothing.
    pub(super) fn replace(&self, kind: &str, octets: &mut [u8]) {
        if octets.iter().any(|octet| *octet != 0) {
            let random = self.random(kind, octets, octets.len());
            octets.copy_from_slice(&random);
        }
    }

    /// Puts a pattern in the place of what users sent: equal for equal contents, as an echo has to be.
    pub(super) fn blank(&self, octets: &mut [u8]) {
        if octets.is_empty() {
            return;
        }
        let tag = self.random("contents", octets, 4);
        for (at, octet) in octets.iter_mut().enumerate() {
            *octet = tag.get(at).copied().unwrap_or_else(|| u8::try_from(at & 0xff).unwrap_or(0));
        }
    }

    /// A cookie of ISAKMP.
    pub(super) fn cookie(&self, cookie: [u8; 8]) -> [u8; 8] {
        let mut new = cookie;
        self.replace("cookie", &mut new);
        new
    }

    /// An SPI of ESP; those below 256 are reserved (RFC 4303 section 2.1).
    pub(super) fn spi(&self, spi: u32) -> u32 {
        if spi < 256 {
            return spi;
        }
        let random = self.random("spi", &spi.to_be_bytes(), 4);
        random.iter().fold(0, |spi, octet| spi << 8 | u32::from(*octet)) | 0x1000_0000
    }

    pub(super) fn address(&mut self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => self.ipv4(address).into(),
            IpAddr::V6(address) => self.ipv6(address).into(),
        }
    }

    pub(super) fn ipv4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        let octets = address.octets();
        let [a, b, c, host] = octets;
        let new = match octets {
            // This network, loopback, link-local, multicast, reserved and broadcast, and masks.
            [0 | 127 | 224.., ..] | [169, 254, ..] => return address,
            [10, ..] => [10, self.octet(&[10], b, 0..=255), self.octet(&[10, b], c, 0..=255), host],
            [172, 16..=31, ..] => {
                [172, self.octet(&[172], b, 16..=31), self.octet(&[172, b], c, 0..=255), host]
            }
            [192, 168, ..] => [192, 168, self.octet(&[192, 168], c, 0..=255), host],
            [100, 64..=127, ..] => {
                [100, self.octet(&[100], b, 64..=127), self.octet(&[100, b], c, 0..=255), host]
            }
            _ => {
                let [x, y, z] = self.public([a, b, c]);
                [x, y, z, host]
            }
        };
        new.into()
    }

    /// The address of a network, which ends in zeros under its mask.
    pub(super) fn network(&mut self, address: Ipv4Addr, mask: Ipv4Addr) -> Ipv4Addr {
        let new = u32::from(self.ipv4(address));
        let is_network = u32::from(address) & !u32::from(mask) == 0;
        if is_network { (new & u32::from(mask)).into() } else { new.into() }
    }

    fn octet(&mut self, context: &[u8], octet: u8, range: std::ops::RangeInclusive<u8>) -> u8 {
        let met = self.met.octets.get(context);
        let all = self.octets.entry(context.to_vec()).or_default();
        if let Some(known) = all.get(&octet) {
            return *known;
        }
        let used: BTreeSet<u8> = all.values().copied().collect();
        let is_free = |new: &u8| !used.contains(new) && *new != octet;
        let is_new = |new: &u8| is_free(new) && met.is_none_or(|met| !met.contains(new));
        // Where every octet is met, one that is not itself has to do.
        let new = range.clone().find(is_new).or_else(|| range.clone().find(is_free)).unwrap_or(octet);
        all.insert(octet, new);
        new
    }

    fn public(&mut self, prefix: [u8; 3]) -> [u8; 3] {
        if let Some(known) = self.publics.get(&prefix) {
            return *known;
        }
        let used: BTreeSet<[u8; 3]> = self.publics.values().copied().collect();
        let [a, b] = PUBLIC;
        let all = (0..=u16::MAX >> 7).map(|number| {
            let [high, low] = number.to_be_bytes();
            [a, b + high, low]
        });
        let is_new = |new: &[u8; 3]| !used.contains(new) && !self.met.publics.contains(new) && *new != prefix;
        // There are 512; a recording with more has some that stand for several.
        let new = all.clone().find(is_new).unwrap_or([a, b, prefix[2]]);
        self.publics.insert(prefix, new);
        new
    }

    pub(super) fn ipv6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        let octets = address.octets();
        let mut new = octets;
        let (prefix, interface) = new.split_at_mut(8);
        match octets {
            _ if address.is_unspecified() || address.is_loopback() => return address,
            // Solicited-node multicast ends like the interface's identifier.
            [0xff, _, .., 1, 0xff, _, _, _] => {
                let end = self.random("solicited", &octets[13..], 3);
                new[13..].copy_from_slice(&end);
                return new.into();
            }
            [0xff, ..] => return address,
            [0xfe, 0x80, ..] => {}
            _ => {
                let mut key = [0; 8];
                key.copy_from_slice(prefix);
                let count = u16::try_from(self.prefixes.len() + 1).unwrap_or(u16::MAX);
                let [high, low] = count.to_be_bytes();
                let known = self.prefixes.entry(key).or_insert([0x20, 1, 0xd, 0xb8, 0, 0, high, low]);
                prefix.copy_from_slice(known);
            }
        }
        self.interface_identifier(interface);
        new.into()
    }

    /// The identifier of an interface; small ones are numbers that somebody gave.
    pub(super) fn interface_identifier(&self, identifier: &mut [u8]) {
        if identifier.iter().take(6).any(|octet| *octet != 0) {
            self.replace("interface", identifier);
        }
    }

    /// The address of an Ethernet interface.
    pub(super) fn hardware(&mut self, address: &mut [u8]) {
        let Ok(key) = <[u8; 6]>::try_from(&*address) else { return self.replace("hardware", address) };
        if key == [0; 6] || key[0] & 1 == 1 {
            return;
        }
        let count = u16::try_from(self.hardware.len() + 1).unwrap_or(u16::MAX);
        let [high, low] = count.to_be_bytes();
        let known = self.hardware.entry(key).or_insert([2, 0, 0, 0, high, low]);
        address.copy_from_slice(known);
    }

    /// A name of a host, a user or in DNS: each part between separators has its replacement.
    pub(super) fn name(&mut self, name: &mut [u8]) {
        for part in name.split_mut(|octet| SEPARATORS.contains(octet)) {
            self.part(part);
        }
    }

    /// A text for people, in which only words that are names elsewhere are replaced.
    pub(super) fn text(&mut self, text: &mut [u8]) {
        let is_of_name = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        for word in text.split_mut(|octet| !is_of_name(octet)) {
            let key = word.to_ascii_lowercase();
            if self.names.contains_key(&key) || self.met.names.contains(&key) {
                self.part(word);
            }
        }
    }

    fn part(&mut self, part: &mut [u8]) {
        let key = part.to_ascii_lowercase();
        if part.is_empty() || COMMON.contains(&key.as_slice()) {
            return;
        }
        if let Some(known) = self.names.get(&key) {
            return part.copy_from_slice(known);
        }
        let base: usize = if key.iter().all(u8::is_ascii_digit) { 10 } else { 26 };
        let first = if base == 10 { b'0' } else { b'a' };
        let used: BTreeSet<&[u8]> = self.names.values().map(Vec::as_slice).collect();
        let length = part.len();
        let make = |number: usize| {
            let mut new: Vec<u8> = if base == 10 {
                vec![b'0'; length]
            } else {
                NAME.iter().cycle().take(length).copied().collect()
            };
            let mut left = number;
            for octet in new.iter_mut().rev().take(4) {
                *octet = first + u8::try_from(left % base).unwrap_or(0);
                left /= base;
            }
            new
        };
        let limit = base.pow(u32::try_from(length.min(3)).unwrap_or(3));
        let is_new =
            |new: &Vec<u8>| !used.contains(new.as_slice()) && !self.met.names.contains(new) && *new != key;
        // Of one letter there are not many: some stand for several.
        let new = (0..limit).map(make).find(is_new).unwrap_or_else(|| make(1));
        part.copy_from_slice(&new);
        self.names.insert(key, new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renaming() -> Renaming {
        Renaming::new(b"secret".to_vec(), Met::default())
    }

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_keep_scope_host_and_shared_prefixes() {
        let mut renaming = renaming();
        let [one, two, other] =
            ["10.70.72.2", "10.70.72.3", "10.70.73.2"].map(|text| renaming.ipv4(ip(text)).octets());
        assert_eq!(one[..3], two[..3]);
        assert_eq!(one[..2], other[..2]);
        assert_ne!(one[2], other[2]);
        assert_eq!((one[0], one[3], two[3]), (10, 2, 3));
        assert_ne!(one[1..3], [70, 72]);
        for same in ["0.0.0.0", "255.255.255.255", "224.0.0.5", "255.255.255.0", "127.0.0.1"] {
            assert_eq!(renaming.ipv4(ip(same)), ip(same));
        }
        let public = renaming.ipv4(ip("203.0.113.9")).octets();
        assert_eq!((public[0], public[1] & 0xfe, public[3]), (198, 18, 9));
        assert_eq!(renaming.network(ip("10.0.0.0"), ip("255.0.0.0")), ip("10.0.0.0"));
    }

    #[test]
    fn nothing_becomes_what_was_met() {
        let mut first = renaming();
        for host in 1..=3 {
            let _ = first.ipv4(Ipv4Addr::new(10, host, 0, 1));
        }
        let (_, met) = first.into_met();
        let mut second = Renaming::new(b"secret".to_vec(), met);
        for host in 1..=3 {
            let new = second.ipv4(Ipv4Addr::new(10, host, 0, 1)).octets();
            assert!(!(1..=3).contains(&new[1]), "{new:?}");
        }
    }

    #[test]
    fn names_keep_their_length_and_separators() {
        let mut renaming = renaming();
        let mut user = *b"Alice@Example.org";
        renaming.name(&mut user);
        assert_eq!((user[5], user[13]), (b'@', b'.'));
        let mut again = *b"alice";
        renaming.name(&mut again);
        assert_eq!(again, user[..5]);
        assert_ne!(again, *b"alice");
        let mut other = *b"bobby";
        renaming.name(&mut other);
        assert_ne!(other, again);
        let mut number = *b"12125551234";
        renaming.name(&mut number);
        assert!(number.iter().all(u8::is_ascii_digit));
        let mut arpa = *b"in-addr.arpa";
        renaming.name(&mut arpa);
        assert_eq!(arpa, *b"in-addr.arpa");
    }

    #[test]
    fn equal_contents_stay_equal() {
        let renaming = renaming();
        let blanked = |text: &[u8]| {
            let mut octets = text.to_vec();
            renaming.blank(&mut octets);
            octets
        };
        assert_eq!(blanked(b"how are you?"), blanked(b"how are you?"));
        assert_ne!(blanked(b"how are you?"), blanked(b"how are they"));
    }
}
