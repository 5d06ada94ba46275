//! The transcript of a capture beside tshark's dissection, frame by frame.

use std::collections::BTreeMap;

use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::{CaptureFile, Options};
use l2tpspec::error::ExpectedError;
use l2tpspec::transcript::pipeline;
use serde_json::Value;

use super::field::FIELDS;
use super::{Capture, exceptions, link, tshark};

/// The layers that the command line promises, by tshark's names.
const LAYERS: [&str; 18] = [
    "ip", "udp", "udpencap", "isakmp", "esp", "l2tp", "ppp", "lcp", "pap", "chap", "eap", "ipcp", "ipv6cp",
    "ccp", "ipv6", "icmp", "ospf", "dns",
];

/// Fields of the ISAKMP header.
const HEADER: [&str; 6] = [
    "isakmp.ispi",
    "isakmp.rspi",
    "isakmp.exchangetype",
    "isakmp.flags",
    "isakmp.messageid",
    "isakmp.length",
];

/// Every difference, one line each.
pub(crate) fn compare(capture: &Capture) -> Vec<String> {
    let (preferences, keys) = match &capture.keys {
        Some(folder) => (tshark::preferences(folder), tshark::keys(folder)),
        None => (Vec::new(), Keys::default()),
    };
    let mut names = link::FIELDS.to_vec();
    names.extend(FIELDS.iter().map(|field| field.name));
    let theirs = tshark::fields(&capture.path, &preferences, &names);
    let ours = ours(capture, &keys);
    let mut differences = link::compare_frames(&capture.path, &theirs);
    differences.extend(link::compare_layers(&capture.path, &theirs));
    for line in &theirs {
        let frame: u64 = line[0].parse().expect("a frame number");
        let Some(entry) = ours.get(&frame) else { continue };
        let their_layers: Vec<&str> =
            line[1].split(':').filter(|layer| *layer == "tcp" || LAYERS.contains(layer)).collect();
        let our_layers: Vec<&str> = layers(entry).filter_map(|layer| layer["layer"].as_str()).collect();
        if our_layers != their_layers && !exceptions::is_known("frame.protocols", &capture.name, frame) {
            differences.push(format!("frame {frame}: layers {our_layers:?}, tshark has {their_layers:?}"));
            continue;
        }
        for (field, value) in FIELDS.iter().zip(&line[link::FIELDS.len()..]) {
            // LLMNR, mDNS and EAPOL share fields with layers that are not there.
            let owner = field.name.split('.').next().unwrap_or_default();
            if ["dns", "eap"].contains(&owner) && !their_layers.contains(&owner) {
                continue;
            }
            // IKEv2 is left alone behind its header.
            let is_header = HEADER.contains(&field.name);
            if owner == "isakmp" && !is_header && layers(entry).any(|layer| layer["not_read"] == "IKEv2") {
                continue;
            }
            let mut our_values = (field.ours)(entry);
            our_values.retain(|value| !value.is_empty());
            let their_values: Vec<String> = value
                .split('\u{1}')
                .filter(|value| !value.is_empty())
                .map(|value| (field.normal)(value))
                .collect();
            if our_values != their_values && !exceptions::is_known(field.name, &capture.name, frame) {
                differences.push(format!(
                    "frame {frame}: {} {our_values:?}, tshark has {their_values:?}",
                    field.name
                ));
            }
        }
    }
    differences
}

fn ours(capture: &Capture, keys: &Keys) -> BTreeMap<u64, Value> {
    let mut file =
        CaptureFile::open(&capture.path, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let mut entries = BTreeMap::new();
    let mut line = Vec::new();
    let read = pipeline::run(&mut file, keys, l2tpspec::transcript::Options::default(), |entry, _| {
        line.clear();
        entry.write_json(&mut line, true);
        entries.insert(entry.frame, serde_json::from_slice(&line).expect("a JSON line"));
        true
    });
    match read {
        // One folder of keys serves all captures of a collection.
        Ok(_) | Err(ExpectedError::StrangeKeys { .. }) => entries,
        Err(error) => panic!("{error}"),
    }
}

/// The layers of an entry.
pub(crate) fn layers(entry: &Value) -> impl Iterator<Item = &Value> {
    entry["layers"].as_array().into_iter().flatten()
}
