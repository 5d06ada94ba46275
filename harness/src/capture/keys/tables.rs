//! Keys out: Wireshark's tables, and our own file of what ISAKMP keys are computed from.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use l2tpspec_protocol::esp::{Encryption, Integrity};

use super::{Keys, wireshark_names};
use crate::error::ExpectedError;

/// Keys to be written, each once.
#[derive(Default)]
pub struct Tables {
    isakmp: BTreeSet<String>,
    esp: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").finish_non_exhaustive()
    }
}

impl Tables {
    /// The encryption key of an ISAKMP SA, by its initiator's cookie.
    pub fn isakmp(&mut self, initiator_cookie: [u8; 8], key: &[u8]) {
        self.isakmp.insert(format!("{},{}", hex(&initiator_cookie), hex(key)));
    }

    /// What the keys of an ISAKMP SA are computed from.
    pub fn secret(&mut self, initiator_cookie: [u8; 8], pre_shared_key: &str, shared_secret: &[u8]) {
        let cookie = hex(&initiator_cookie);
        let key = hex(pre_shared_key.as_bytes());
        self.secrets.insert(format!("{cookie} psk 0x{key} dh-secret 0x{}", hex(shared_secret)));
    }

    /// The keys of an ESP SA.
    pub fn esp(
        &mut self,
        spi: u32,
        (encryption, encryption_key): (Encryption, &[u8]),
        (integrity, integrity_key): (Integrity, &[u8]),
    ) {
        let (encryption, integrity) = wireshark_names(encryption, integrity);
        self.esp_line(spi, [encryption, integrity], [encryption_key, integrity_key]);
    }

    /// Takes what was read elsewhere of ESP SAs, as far as Wireshark has names for it.
    pub fn esp_of(&mut self, keys: &Keys) {
        for entry in &keys.esp {
            let (encryption, integrity) = (entry.encryption.wireshark(), entry.integrity.wireshark());
            if let (Some(spi), Some(encryption), Some(integrity)) = (entry.spi, encryption, integrity) {
                let keys = [entry.encryption_key.expose(), entry.integrity_key.expose()];
                self.esp_line(spi, [encryption, integrity], keys);
            }
        }
    }

    fn esp_line(&mut self, spi: u32, [encryption, integrity]: [&str; 2], keys: [&[u8]; 2]) {
        let [encryption_key, integrity_key] = keys.map(hex);
        let key = if integrity_key.is_empty() { String::new() } else { format!("0x{integrity_key}") };
        for family in ["IPv4", "IPv6"] {
            self.esp.insert(format!(
                "\"{family}\",\"*\",\"*\",\"0x{spi:08x}\",\"{encryption}\",\"0x{encryption_key}\",\"{integrity}\",\"{key}\""
            ));
        }
    }

    /// Writes the files into a directory, which is made; files of secrets only where there are any.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(self, directory: &Path) -> Result<(), ExpectedError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ExpectedError::File { path, source }
        };
        std::fs::create_dir_all(directory).map_err(failed(directory))?;
        let tables = [
            ("ikev1_decryption_table", self.isakmp, true),
            ("esp_sa", self.esp, true),
            ("ike_secrets", self.secrets, false),
        ];
        for (name, lines, is_always) in tables {
            if lines.is_empty() && !is_always {
                continue;
            }
            let path = directory.join(name);
            let text: String = lines.into_iter().map(|line| line + "\n").collect();
            std::fs::write(&path, text).map_err(failed(&path))?;
        }
        Ok(())
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
