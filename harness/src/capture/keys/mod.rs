//! Keys that open what a capture holds encrypted, read from the files that people have: Wireshark's `esp_sa` and
//! `ikev1_decryption_table` (charon's save-keys plugin writes them), the output of `ip xfrm state`, a log of charon
//! at level 4, and our own `ike_secrets`.
//!
//! Files are known by their names or by what they look like; others are listed and left alone. No message and no
//! `Debug` shows a key.

mod algorithm;
mod charon;
mod error;
mod esp_sa;
mod ike_secrets;
mod ikev1_table;
mod secret;
mod tables;
mod text;
mod xfrm;

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use algorithm::wireshark_names;
pub use algorithm::{EspEncryption, EspIntegrity};
pub use error::KeyError;
pub use secret::SecretOctets;
pub use tables::Tables;

use charon::looks_like_charon;
use text::Lines;
use xfrm::looks_like_xfrm;

/// Octets of the longest file of keys that is read.
const LIMIT: u64 = 256 * 1024 * 1024;
/// Octets that tell what a file is.
const GLANCE: usize = 64 * 1024;

/// Everything that a directory, or one file, says about keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// ESP SAs, in the order of files by name and of lines.
    pub esp: Vec<EspSaEntry>,
    /// Encryption keys of ISAKMP SAs.
    pub ikev1: Vec<Ikev1Key>,
    /// What ISAKMP keys can be computed from.
    pub secrets: Vec<IkeSecrets>,
    /// The files that were read.
    pub read: Vec<PathBuf>,
    /// The files that hold no keys of a kind known here.
    pub ignored: Vec<PathBuf>,
    /// What was passed over in the files that were read.
    pub left_out: Vec<LeftOut>,
}

/// Something in a file of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it stands.
    pub origin: Origin,
    /// Why it cannot be used.
    pub why: String,
}

/// Where a key was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One ESP SA: for which packets, and how they are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EspSaEntry {
    /// The family of the addresses; `None` for either.
    pub family: Option<Family>,
    /// Who sends.
    pub source: AddressMatch,
    /// Who receives.
    pub destination: AddressMatch,
    /// The SPI; `None` for any.
    pub spi: Option<u32>,
    /// The encryption algorithm.
    pub encryption: EspEncryption,
    /// Its key, and the salt or nonce after it in AES-CTR and AES-GCM.
    pub encryption_key: SecretOctets,
    /// The integrity algorithm.
    pub integrity: EspIntegrity,
    /// Its key.
    pub integrity_key: SecretOctets,
    /// Whether sequence numbers have 64 bits (RFC 4303 section 2.2.1); `None` where the file does not tell.
    pub extended_sequence_numbers: Option<bool>,
    /// The UDP ports of its packets (RFC 3948), from `ip xfrm state`: source and destination.
    pub encapsulation: Option<(u16, u16)>,
    /// Where it was read.
    pub origin: Origin,
}

impl EspSaEntry {
    /// Whether the SA is for ESP packets with this SPI between these addresses. Behind a NAT the addresses on the
    /// wire can differ from those in the file; the SPI alone is what the receiver goes by (RFC 4301 section 4.1).
    #[must_use]
    pub fn matches(&self, source: IpAddr, destination: IpAddr, spi: u32) -> bool {
        self.spi.is_none_or(|own| own == spi)
            && self.family.is_none_or(|family| family == Family::of(destination))
            && self.source.matches(source)
            && self.destination.matches(destination)
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

/// Which addresses fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressMatch {
    /// All of them.
    Any,
    /// IPv4 addresses with these bits under this mask.
    Ipv4 {
        /// The bits.
        bits: u32,
        /// Which of them count.
        mask: u32,
    },
    /// IPv6 addresses with these bits under this mask.
    Ipv6 {
        /// The bits.
        bits: u128,
        /// Which of them count.
        mask: u128,
    },
}

impl AddressMatch {
    /// This address and no other.
    #[must_use]
    pub const fn exactly(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4 { bits: address.to_bits(), mask: u32::MAX },
            IpAddr::V6(address) => Self::Ipv6 { bits: address.to_bits(), mask: u128::MAX },
        }
    }

    /// Whether an address fits.
    #[must_use]
    pub const fn matches(&self, address: IpAddr) -> bool {
        match (*self, address) {
            (Self::Any, _) => true,
            (Self::Ipv4 { bits, mask }, IpAddr::V4(address)) => address.to_bits() & mask == bits & mask,
            (Self::Ipv6 { bits, mask }, IpAddr::V6(address)) => address.to_bits() & mask == bits & mask,
            (Self::Ipv4 { .. }, IpAddr::V6(_)) | (Self::Ipv6 { .. }, IpAddr::V4(_)) => false,
        }
    }
}

/// The encryption key of an ISAKMP SA, and what else a log told about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ikev1Key {
    /// The initiator cookie; `None` where a log does not tell it, and the key has to be tried.
    pub initiator_cookie: Option<[u8; 8]>,
    /// The key as the cipher takes it (RFC 2409 appendix B).
    pub key: SecretOctets,
    /// What else the log told.
    pub derivation: Ikev1Derivation,
    /// Where it was read.
    pub origin: Origin,
}

/// Values that an ISAKMP key was derived from (RFC 2409 section 5), as far as a log told them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ikev1Derivation {
    /// The Diffie-Hellman secret g^xy.
    pub dh_secret: Option<SecretOctets>,
    /// SKEYID.
    pub skeyid: Option<SecretOctets>,
    /// `SKEYID_d`, from which keys of other SAs are derived.
    pub skeyid_d: Option<SecretOctets>,
    /// `SKEYID_a`, which authenticates.
    pub skeyid_a: Option<SecretOctets>,
    /// `SKEYID_e`, which encrypts.
    pub skeyid_e: Option<SecretOctets>,
    /// The initialization vector of the first encrypted message.
    pub initial_iv: Option<SecretOctets>,
}

/// What the keys of an ISAKMP SA can be computed from, together with what the capture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IkeSecrets {
    /// The initiator cookie; `None` for every exchange.
    pub initiator_cookie: Option<[u8; 8]>,
    /// The pre-shared key.
    pub pre_shared_key: Option<SecretOctets>,
    /// The Diffie-Hellman secret g^xy.
    pub dh_secret: Option<SecretOctets>,
    /// The initiator's private Diffie-Hellman value.
    pub dh_private_initiator: Option<SecretOctets>,
    /// The responder's private Diffie-Hellman value.
    pub dh_private_responder: Option<SecretOctets>,
    /// Where it was read.
    pub origin: Origin,
}

impl Keys {
    /// Reads one file of keys, or every file of keys in a directory (not below it).
    ///
    /// # Errors
    /// A file cannot be read, a file of a known kind does not follow its format, or the one file named holds no
    /// keys of a kind known here.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let unreadable = |source| KeyError::unreadable(path, source);
        let mut keys = Self::default();
        if !fs::metadata(path).map_err(unreadable)?.is_dir() {
            keys.load_file(path)?;
            return if keys.ignored.is_empty() {
                Ok(keys)
            } else {
                Err(KeyError::NotKeys { path: path.to_owned() })
            };
        }
        let mut files = fs::read_dir(path)
            .and_then(|entries| {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
            })
            .map_err(unreadable)?;
        files.sort();
        for file in files {
            // Folders, sockets and the like hold no keys; a link that leads nowhere is reported by the reading.
            if fs::metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
                continue;
            }
            keys.load_file(&file)?;
        }
        Ok(keys)
    }

    /// Whether there is no key in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.esp.is_empty() && self.ikev1.is_empty() && self.secrets.is_empty()
    }

    /// Adds what `other` holds.
    pub fn extend(&mut self, other: Self) {
        self.esp.extend(other.esp);
        self.ikev1.extend(other.ikev1);
        self.secrets.extend(other.secrets);
        self.read.extend(other.read);
        self.ignored.extend(other.ignored);
        self.left_out.extend(other.left_out);
    }

    /// Reads the keys of a file named `path` from text.
    ///
    /// # Errors
    /// The text is of a known kind and does not follow its format.
    pub fn read(&mut self, path: &Path, octets: &[u8]) -> Result<(), KeyError> {
        let glance = &octets[..octets.len().min(GLANCE)];
        let Some(kind) = Kind::of(path, glance) else {
            self.ignored.push(path.to_owned());
            return Ok(());
        };
        // Keys are ASCII. What is not UTF-8 is somebody's name in a log or a comment.
        let text = String::from_utf8_lossy(octets);
        let lines = Lines::new(path, &text);
        match kind {
            Kind::EspSa => esp_sa::read(lines, self)?,
            Kind::Ikev1Table => ikev1_table::read(lines, self)?,
            Kind::IkeSecrets => ike_secrets::read(lines, self)?,
            Kind::Xfrm => xfrm::read(lines, self)?,
            Kind::Charon => charon::read(lines, self),
        }
        self.read.push(path.to_owned());
        Ok(())
    }

    fn load_file(&mut self, path: &Path) -> Result<(), KeyError> {
        let unreadable = |source| KeyError::unreadable(path, source);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut octets = Vec::new();
        file.by_ref().take(GLANCE as u64).read_to_end(&mut octets).map_err(unreadable)?;
        if Kind::of(path, &octets).is_none() {
            self.ignored.push(path.to_owned());
            return Ok(());
        }
        file.take(LIMIT).read_to_end(&mut octets).map_err(unreadable)?;
        if octets.len() as u64 > LIMIT {
            return Err(KeyError::TooLarge { path: path.to_owned(), limit: LIMIT });
        }
        self.read(path, &octets)
    }
}

/// A kind of file known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    EspSa,
    Ikev1Table,
    IkeSecrets,
    Xfrm,
    Charon,
}

impl Kind {
    /// The kind of a file by its name, or else by its first octets.
    fn of(path: &Path, glance: &[u8]) -> Option<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // `capture.esp_sa` is as good as `esp_sa`.
        let name = name.rsplit_once('.').map_or(&*name, |(_, last)| last);
        match name {
            "esp_sa" => return Some(Self::EspSa),
            "ikev1_decryption_table" => return Some(Self::Ikev1Table),
            "ike_secrets" => return Some(Self::IkeSecrets),
            // It has lines like those of the others.
            "ikev2_decryption_table" => return None,
            _ => {}
        }
        if glance.contains(&0) {
            return None;
        }
        let text = String::from_utf8_lossy(glance);
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let first = lines().next()?;
        if first.starts_with("\"IPv4\",") || first.starts_with("\"IPv6\",") {
            Some(Self::EspSa)
        } else if lines().any(looks_like_charon) {
            Some(Self::Charon)
        } else if lines().any(looks_like_xfrm) {
            Some(Self::Xfrm)
        } else {
            None
        }
    }
}
