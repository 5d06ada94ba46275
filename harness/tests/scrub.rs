//! Copies that `scrub` makes: they behave as the originals, their own keys open them, and nothing of the originals is in them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::{CaptureFile, Options};
use l2tpspec::diff;
use l2tpspec::scrub::{Summary, scrub};
use l2tpspec::transcript::{self, Entry, Opened, pipeline};
use l2tpspec_protocol::show::{Show as _, Sink, Value};

use crate::support::{extra_captures, recordings};

/// A copy in a folder of its own, which goes with it.
struct Copied {
    path: PathBuf,
    folder: PathBuf,
    summary: Summary,
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

impl Copied {
    fn new(original: &Path, keys: &Keys, name: &str, seed: &str) -> Self {
        let stem = original.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("scrub-{stem}-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("copy.pcapng");
        let summary = scrub(original, keys, seed.as_bytes().to_vec(), &path, |_| {}).unwrap();
        Self { path, folder, summary }
    }

    fn keys(&self) -> Keys {
        Keys::load(self.path.with_extension("keys")).unwrap()
    }
}

fn captures() -> Vec<PathBuf> {
    let all = std::fs::read_dir(recordings()).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|is| is == "pcap")).collect();
    all.sort();
    assert!(!all.is_empty(), "there are recordings");
    all
}

fn keys_of(path: &Path) -> Keys {
    Keys::load(path.with_extension("keys")).unwrap()
}

fn read(path: &Path, keys: &Keys, mut on_entry: impl FnMut(&Entry)) -> Opened {
    let mut file = CaptureFile::open(path, &Options::default()).unwrap();
    pipeline::run(&mut file, keys, transcript::Options::default(), |entry, _| {
        on_entry(entry);
        true
    })
    .unwrap()
}

/// Every address, name and drawn value of a recording.
#[derive(Default)]
struct Identities {
    addresses: BTreeSet<Ipv4Addr>,
    names: BTreeSet<Vec<u8>>,
    drawn: BTreeSet<Vec<u8>>,
}

const NAMES: [&str; 10] = [
    "host_name",
    "name",
    "peer_id",
    "password",
    "identity",
    "fqdn",
    "user_fqdn",
    "called_number",
    "calling_number",
    "key_id",
];
const DRAWN: [&str; 12] = [
    "initiator_cookie",
    "responder_cookie",
    "nonce_data",
    "key_exchange_data",
    "hash_data",
    "hash_of_address_and_port",
    "challenge",
    "challenge_response",
    "value",
    "nt_response",
    "peer_challenge",
    "interface_identifier",
];

impl Sink for Identities {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        match value {
            Value::Ipv4(address) => _ = self.addresses.insert(address),
            Value::Text(text) | Value::Octets(text) if NAMES.contains(&name) && text.len() > 2 => {
                self.names.insert(text.to_vec());
            }
            Value::Octets(octets) if DRAWN.contains(&name) && octets.len() >= 8 => {
                self.drawn.insert(octets.to_vec());
            }
            _ => {}
        }
    }
    fn values(&mut self, _name: &'static str, values: &mut dyn Iterator<Item = Value<'_>>) {
        values.for_each(|value| self.field("", value));
    }
    fn begin_list(&mut self, _name: &'static str) {}
    fn begin_item(&mut self) {}
    fn end_item(&mut self) {}
    fn end_list(&mut self) {}
}

fn identities(path: &Path, keys: &Keys) -> Identities {
    let mut all = Identities::default();
    read(path, keys, |entry| entry.layers.iter().for_each(|layer| layer.show(&mut all)));
    all
}

/// Addresses that name nobody.
fn is_common(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    first == 0 || first >= 224 || address.is_loopback()
}

#[test]
fn a_copy_behaves_as_the_original() {
    for original in captures() {
        let copy = Copied::new(&original, &keys_of(&original), "same", "1");
        let (mut old, mut new) = (Vec::new(), Vec::new());
        let shape = |entry: &Entry| {
            let names: Vec<&str> = entry.layers.iter().map(transcript::Layer::name).collect();
            format!("{} {} {names:?} {:?} {}", entry.frame, entry.time, entry.fault, entry.snapped)
        };
        let opened = read(&original, &keys_of(&original), |entry| old.push(shape(entry)));
        let reopened = read(&copy.path, &copy.keys(), |entry| new.push(shape(entry)));
        assert_eq!(old, new, "{}", original.display());
        assert_eq!(opened.opened, reopened.opened, "{}", original.display());
        assert_eq!(copy.summary.renewed_ike + copy.summary.renewed_esp, opened.opened);
        let side = |path: &Path, keys| diff::read(path, Ok(keys), transcript::Options::default(), |_| {});
        let (old, new) = (side(&original, keys_of(&original)), side(&copy.path, copy.keys()));
        assert!(new.is_scrubbed && !old.is_scrubbed);
        let compared = diff::compare(&old, &new);
        assert!(compared.differences.is_empty(), "{}: {:#?}", original.display(), compared.differences);
        assert!(compared.connections[0] > 0);
        let rungs = |side: &diff::Side| -> Vec<String> {
            side.connections.iter().map(|observed| format!("{:?}", observed.outcome.rung)).collect()
        };
        assert_eq!(rungs(&old), rungs(&new));
    }
}

#[test]
fn frames_keep_their_sizes() {
    for original in captures() {
        let copy = Copied::new(&original, &keys_of(&original), "sizes", "1");
        let sizes = |path: &Path| {
            let mut file = CaptureFile::open(path, &Options::default()).unwrap();
            let (mut arena, mut sizes) = (Vec::new(), Vec::new());
            while let Some(meta) = file.next_into(&mut arena).unwrap() {
                sizes.push((meta.captured_len, meta.original_len, meta.time.map(|time| time.nanoseconds())));
            }
            sizes
        };
        assert_eq!(sizes(&original), sizes(&copy.path), "{}", original.display());
    }
}

#[test]
fn nothing_of_the_original_is_in_a_copy() {
    let mut count = 0;
    for original in captures() {
        let copy = Copied::new(&original, &keys_of(&original), "leak", "1");
        let (old, new) = (identities(&original, &keys_of(&original)), identities(&copy.path, &copy.keys()));
        assert!(!old.addresses.is_empty(), "{}", original.display());
        let is_named = |address: &&Ipv4Addr| !is_common(**address);
        let kept: Vec<_> = old.addresses.intersection(&new.addresses).filter(is_named).collect();
        assert!(kept.is_empty(), "{}: {kept:?}", original.display());
        count += old.names.len();
        assert_eq!(old.names.intersection(&new.names).count(), 0, "{}: {:?}", original.display(), old.names);
        let of_zeros = |octets: &&Vec<u8>| octets.iter().all(|octet| *octet == 0);
        let drawn: Vec<_> = old.drawn.intersection(&new.drawn).filter(|octets| !of_zeros(octets)).collect();
        assert!(drawn.is_empty(), "{}: {drawn:02x?}", original.display());
        // Nor in the octets, whether somebody reads them or not; and the old keys open nothing.
        let octets = std::fs::read(&copy.path).unwrap();
        let holds = |needle: &[u8]| octets.windows(needle.len()).any(|window| window == needle);
        for address in old.addresses.iter().filter(|address| !is_common(**address)) {
            assert!(!holds(&address.octets()), "{}: {address}", original.display());
        }
        for name in old.names.iter().filter(|name| name.len() > 4) {
            assert!(!holds(name), "{}: {}", original.display(), name.escape_ascii());
        }
        let mut file = CaptureFile::open(&copy.path, &Options::default()).unwrap();
        let opened =
            pipeline::run(&mut file, &keys_of(&original), transcript::Options::default(), |_, _| true);
        assert!(opened.is_err() || opened.unwrap().opened == 0, "{}", original.display());
    }
    assert!(count >= 10, "there are names in the recordings: {count}");
}

#[test]
fn a_seed_makes_the_same_copy_and_another_makes_another() {
    let original = recordings().join("strongswan-xl2tpd-nat.pcap");
    let [one, same, other] = [("a", "1"), ("b", "1"), ("c", "2")]
        .map(|(name, seed)| Copied::new(&original, &keys_of(&original), name, seed));
    let octets = |copy: &Copied| std::fs::read(&copy.path).unwrap();
    assert_eq!(octets(&one), octets(&same));
    assert_ne!(octets(&one), octets(&other));
}

#[test]
fn what_no_key_opens_is_overwritten() {
    let original = recordings().join("strongswan-xl2tpd-direct.pcap");
    let copy = Copied::new(&original, &Keys::default(), "blind", "1");
    assert_eq!(copy.summary.renewed_ike + copy.summary.renewed_esp, 0);
    assert!(copy.summary.overwritten_ike > 0 && copy.summary.overwritten_esp > 0);
    let mut file = CaptureFile::open(&copy.path, &Options::default()).unwrap();
    let keys = keys_of(&original);
    let opened = pipeline::run(&mut file, &keys, transcript::Options::default(), |_, _| true);
    assert!(opened.is_err() || opened.unwrap().opened == 0, "the old keys open nothing");
}

#[test]
fn damaged_recordings_are_copied_too() {
    let original = std::fs::read(recordings().join("strongswan-xl2tpd-nat.pcap")).unwrap();
    let keys = keys_of(&recordings().join("strongswan-xl2tpd-nat.pcap"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scrub-damaged-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (damaged, copy) = (folder.join("damaged.pcap"), folder.join("copy.pcap"));
    // Only octets of frames, whose places the headers of records tell; by steps that meet every field sooner or later.
    let mut places = Vec::new();
    let mut at = 24;
    while let Some(length) = original.get(at + 8..at + 12) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        places.extend(at + 16..at + 16 + length);
        at += 16 + length;
    }
    for round in 0..97_usize {
        let mut octets = original.clone();
        for place in places.iter().skip(round).step_by(97) {
            octets[*place] ^= 1 << (round % 8);
        }
        std::fs::write(&damaged, octets).unwrap();
        let summary = scrub(&damaged, &keys, b"1".to_vec(), &copy, |_| {}).unwrap();
        assert_eq!(summary.frames, 66);
        let _gone = (std::fs::remove_file(&copy), std::fs::remove_dir_all(folder.join("copy.keys")));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn other_peoples_captures_are_copied_frame_by_frame() {
    let Some(root) = extra_captures() else { return };
    let mut waiting = vec![root];
    let mut copied = 0;
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_capture = path.extension().is_some_and(|is| is == "pcap" || is == "pcapng" || is == "cap");
            if path.is_dir() {
                waiting.push(path);
            } else if is_capture && std::fs::metadata(&path).unwrap().len() < 2_000_000 {
                let copy = folder_for(&path, copied);
                let seed = b"1".to_vec();
                if let Ok(summary) = scrub(&path, &Keys::default(), seed, &copy.join("copy.pcapng"), |_| {}) {
                    let mut frames = 0;
                    let mut file = CaptureFile::open(&path, &Options::default()).unwrap();
                    while let Ok(Some(_)) = file.next_into(&mut Vec::new()) {
                        frames += 1;
                    }
                    assert_eq!(summary.frames, frames, "{}", path.display());
                    copied += 1;
                }
                std::fs::remove_dir_all(&copy).unwrap();
            }
        }
    }
    assert!(copied > 20, "{copied}");
}

fn folder_for(path: &Path, number: u64) -> PathBuf {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    let name = format!("scrub-extra-{stem}-{number}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
