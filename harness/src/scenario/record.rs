//! What a run leaves: a recording of the wire with a second interface for what ESP protected, and the keys in Wireshark's
//! own tables.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use l2tpspec_protocol::cx::Secret;
use l2tpspec_protocol::time::Instant;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, Endianness};

use crate::capture::keys::{Keys, Tables};
use crate::error::ExpectedError;

/// The name of the interface with opened packets. Our own reader leaves it out: it would see everything twice.
pub const OPENED: &str = "opened";

/// A recording in memory.
pub struct Recording {
    writer: Option<PcapNgWriter<Vec<u8>>>,
    keys: Tables,
    /// What daemons have said of their keys, as far as no table has it.
    texts: Vec<(String, String)>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self::new()
    }
}

impl Recording {
    /// A recording of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        // Memory takes every octet.
        let mut writer = PcapNgWriter::with_endianness(Vec::new(), Endianness::Little).ok();
        for name in ["wire", OPENED] {
            let block = InterfaceDescriptionBlock {
                linktype: DataLink::RAW,
                snaplen: 0,
                options: vec![
                    InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                    InterfaceDescriptionOption::IfTsResol(9),
                ],
            };
            if let Some(writer) = &mut writer {
                let _ = writer.write_pcapng_block(block);
            }
        }
        Self { writer, keys: Tables::default(), texts: Vec::new() }
    }

    /// Takes a datagram, and what ESP protected in it from the next header's on, if it was opened.
    pub fn packet(&mut self, at: Instant, octets: &[u8], opened: Option<&[u8]>) {
        self.write(0, at, octets);
        if let Some(inner) = opened.and_then(|opened| unwrapped(octets, opened)) {
            self.write(1, at, &inner);
        }
    }

    fn write(&mut self, interface_id: u32, at: Instant, octets: &[u8]) {
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: Duration::from_micros(at.as_micros()),
            original_len: u32::try_from(octets.len()).unwrap_or(u32::MAX),
            data: Cow::Borrowed(octets),
            options: Vec::new(),
        };
        if let Some(writer) = &mut self.writer {
            let _ = writer.write_pcapng_block(block);
        }
    }

    /// Takes a secret.
    pub fn secret(&mut self, secret: &Secret<'_>) {
        match secret {
            Secret::IsakmpSa { initiator_cookie, key, .. } => self.keys.isakmp(*initiator_cookie, key),
            Secret::EspSa { spi, encryption, encryption_key, integrity, integrity_key, .. } => {
                self.keys.esp(*spi, (*encryption, encryption_key), (*integrity, integrity_key));
            }
        }
    }

    /// Takes what a daemon has said of its keys, and what that is called.
    pub fn say(&mut self, name: String, text: String) {
        self.texts.push((name, text));
    }

    /// What daemons have said of their keys.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (&name[..], &text[..]))
    }

    /// Puts what was read in the texts into the tables. `cookies` are those of the ISAKMP SAs, in the order in which they came:
    /// a log may tell the keys in that order, and no cookies.
    pub(super) fn tabulate(&mut self, keys: &Keys, cookies: &[[u8; 8]]) {
        self.keys.esp_of(keys);
        let mut isakmp: Vec<&[u8]> = Vec::new();
        for key in &keys.ikev1 {
            if !isakmp.contains(&key.key.expose()) {
                isakmp.push(key.key.expose());
            }
        }
        if isakmp.len() == cookies.len() {
            cookies.iter().zip(isakmp).for_each(|(cookie, key)| self.keys.isakmp(*cookie, key));
            self.texts.clear();
        }
    }

    /// The recording as far as it goes, as pcapng.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.writer.as_ref().map_or(&[], |writer| writer.get_ref())
    }

    /// Writes `wire.pcapng` and the directory `keys` into a directory, which it makes.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(self, directory: &Path) -> Result<(), ExpectedError> {
        let keys = directory.join("keys");
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ExpectedError::File { path, source }
        };
        self.keys.save(&keys)?;
        for (name, text) in &self.texts {
            let path = keys.join(name);
            std::fs::write(&path, text).map_err(failed(&path))?;
        }
        let pcap = self.writer.map(PcapNgWriter::into_inner).unwrap_or_default();
        let path = directory.join("wire.pcapng");
        std::fs::write(&path, pcap).map_err(failed(&path))
    }
}

/// The IPv4 datagram that would have travelled without ESP.
fn unwrapped(outer: &[u8], opened: &[u8]) -> Option<Vec<u8>> {
    let (header, _) = etherparse::Ipv4Header::from_slice(outer).ok()?;
    let length = u16::try_from(opened.len()).ok()?;
    let protocol = etherparse::IpNumber::UDP;
    let header =
        etherparse::Ipv4Header::new(length, header.time_to_live, protocol, header.source, header.destination)
            .ok()?;
    let mut out = header.to_bytes().to_vec();
    out.extend_from_slice(opened);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL: &str = "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0xc465ebc5 reqid 1 mode transport\n\
        \treplay-window 32\n\tauth-trunc hmac(sha1) 0x00112233445566778899aabbccddeeff00112233 96\n\
        \tenc cbc(aes) 0x000102030405060708090a0b0c0d0e0f\n";
    const CHARON: &str = "01[IKE] encryption key Ka => 16 bytes @ 0x1\n\
        01[IKE]    0: F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 FA FB FC FD FE FF  ................\n";

    /// What lies in the folder of keys after two daemons have told theirs, of so many ISAKMP SAs.
    fn saved(cookies: &[[u8; 8]]) -> (String, String, bool) {
        let mut recording = Recording::new();
        let mut keys = Keys::default();
        for (name, text) in [("client.keys", KERNEL), ("client.log", CHARON), ("supernode.log", CHARON)] {
            keys.read(Path::new(name), text.as_bytes()).expect("keys");
            recording.say(name.to_owned(), text.to_owned());
        }
        recording.tabulate(&keys, cookies);
        let name = format!("l2tpspec-tabulate-{}-{}", std::process::id(), cookies.len());
        let folder = std::env::temp_dir().join(name);
        recording.save(&folder).expect("a place for it");
        let read = |name: &str| std::fs::read_to_string(folder.join("keys").join(name)).expect("a table");
        let (esp, isakmp) = (read("esp_sa"), read("ikev1_decryption_table"));
        let has_texts = folder.join("keys/client.log").exists();
        std::fs::remove_dir_all(&folder).expect("it was made");
        (esp, isakmp, has_texts)
    }

    #[test]
    fn what_daemons_say_of_their_keys_becomes_the_tables_of_wireshark() {
        let (esp, isakmp, has_texts) = saved(&[[0xab; 8]]);
        let line = "\"0xc465ebc5\",\"AES-CBC [RFC3602]\",\"0x000102030405060708090a0b0c0d0e0f\",\
            \"HMAC-SHA-1-96 [RFC2404]\",\"0x00112233445566778899aabbccddeeff00112233\"";
        assert!(esp.contains(line), "{esp}");
        assert_eq!(isakmp, "abababababababab,f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\n");
        assert!(!has_texts);
    }

    #[test]
    fn where_keys_and_associations_are_not_as_many_the_texts_stay() {
        let (esp, isakmp, has_texts) = saved(&[[1; 8], [2; 8]]);
        assert!(esp.contains("0xc465ebc5") && isakmp.is_empty() && has_texts, "{isakmp}");
    }
}
