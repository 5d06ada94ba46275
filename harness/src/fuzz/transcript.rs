//! A whole capture with keys: IKE, ESP in batches, reassembly, and every layer within.

use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use super::check::{is_well_formed, json_is_valid, lines_are_harmless};
use crate::capture::file::{self, CaptureFile};
use crate::capture::keys::Keys;
use crate::transcript::connection::Connections;
use crate::transcript::{Entry, FaultCause, Options, pipeline};

/// Octets of the longest frame that is believed here.
const LIMIT: u32 = 16 * 1024;
/// Octets read ahead here: the window is made anew for every input.
const READ_AHEAD: u32 = 4 * 1024;

/// The SPI of an association without encryption and integrity, through which chance gets at what ESP carries.
pub(super) const NULL_SPI: u32 = 0x0000_2000;

/// Keys of the recordings that the corpus grew from, and some that fit anything.
pub(super) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut keys = Keys::default();
        for (name, text) in [
            ("esp_sa", include_str!("keys/esp_sa")),
            ("ikev1_decryption_table", include_str!("keys/ikev1_decryption_table")),
            ("ike_secrets", include_str!("keys/ike_secrets")),
        ] {
            keys.read(Path::new(name), text.as_bytes()).expect("keys of ours are well-formed");
        }
        keys
    })
}

/// A capture.
///
/// # Panics
/// An entry is not valid JSON, shows a name twice, or steers the terminal.
pub fn capture_dissect(octets: &[u8]) {
    let reader = Box::new(Cursor::new(octets.to_vec()));
    let Ok(mut file) =
        CaptureFile::read("fuzz", reader, &file::Options { limit: LIMIT, read_ahead: READ_AHEAD })
    else {
        return;
    };
    let options = Options { l2tp_secret: Some(b"nycmeshnet".to_vec()) };
    let mut connections = Connections::default();
    let mut out = Vec::new();
    let mut last = 0;
    // A file that ends early is no fault of the dissector's.
    let _ = pipeline::run(&mut file, keys(), options, |entry, _| {
        assert!(entry.frame > last, "frames come in order");
        last = entry.frame;
        if let Some(placed) = connections.place(entry) {
            assert!(placed.connection < connections.list().len() && placed.from_layer < entry.layers.len());
        }
        entry_is_well(entry, &mut out);
        true
    });
}

fn entry_is_well(entry: &Entry, out: &mut Vec<u8>) {
    for layer in &entry.layers {
        is_well_formed(layer, &["layer"]);
    }
    if let Some(fault) = &entry.fault
        && let FaultCause::Malformed(malformed) = fault.cause
    {
        assert!(!malformed.field.is_empty() && !fault.layer.is_empty());
    }
    out.clear();
    entry.write_json(out, entry.frame.is_multiple_of(2));
    let line = out.strip_suffix(b"\n").expect("a JSON line ends");
    assert!(!line.contains(&b'\n'), "a JSON line is one line");
    json_is_valid(line);
    out.clear();
    entry.write_text(out);
    let line = std::str::from_utf8(out).expect("text is UTF-8");
    assert_eq!(line.matches('\n').count(), 1, "an entry is one line");
    lines_are_harmless(line);
    out.clear();
    entry.write_details(out, true);
    lines_are_harmless(std::str::from_utf8(out).expect("text is UTF-8"));
}
