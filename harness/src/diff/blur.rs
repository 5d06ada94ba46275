//! Names and addresses, where one side is a scrubbed copy: what stands for them there is nobody's behaviour.

use std::path::Path;
use std::sync::Arc;

use super::Side;
use crate::capture::keys::Keys;
use crate::scrub::MARK;

/// Whether a recording is a copy that `scrub` made: the mark lies with its keys, those given or those beside it.
pub(super) fn is_scrubbed(path: &Path, keys: &Keys) -> bool {
    let is_mark = |file: &std::path::PathBuf| file.file_name().is_some_and(|name| name == MARK);
    let beside = path.with_extension("keys");
    // Keys of other recordings may have been given with it.
    if beside.is_dir() { beside.join(MARK).is_file() } else { keys.ignored.iter().any(is_mark) }
}

/// What is not compared for that.
pub(super) fn unseen(old: &Side, new: &Side) -> Option<String> {
    let which = match (old.is_scrubbed, new.is_scrubbed) {
        (false, false) => return None,
        (true, false) => "old is a scrubbed copy",
        (false, true) => "new is a scrubbed copy",
        (true, true) => "both are scrubbed copies",
    };
    Some(format!("names, texts and addresses, only that they are said: {which}"))
}

/// What is left of a value to compare.
pub(super) fn blurred(key: &str, value: &Arc<str>) -> Arc<str> {
    let part = key.rsplit(['.', '/']).next().unwrap_or(key);
    let is_name = part.ends_with("name") && !matches!(part, "vendor_name")
        || part.ends_with("number") && part.starts_with("call")
        || part.starts_with("identification")
        || part.ends_with("message")
        || matches!(part, "private_group_id" | "sub_address");
    // What nobody knows the meaning of may name somebody.
    let is_unknown = part.trim_start_matches("option_").bytes().all(|octet| octet.is_ascii_digit());
    if is_name || is_unknown {
        return Arc::from("said");
    }
    let is_of_number = |character: char| character.is_ascii_digit() || character == '.';
    let mut blurred = String::with_capacity(value.len());
    let mut rest = &**value;
    while let Some(at) = rest.find(is_of_number) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|character| !is_of_number(character)).unwrap_or(from.len());
        let (number, behind) = from.split_at(end);
        let is_address =
            number.trim_end_matches('.').parse::<std::net::Ipv4Addr>().is_ok_and(stands_for_others);
        blurred.push_str(before);
        blurred.push_str(if is_address { "an address" } else { number });
        rest = behind;
    }
    blurred.push_str(rest);
    Arc::from(blurred)
}

/// Whether `scrub` replaces such addresses.
const fn stands_for_others(address: std::net::Ipv4Addr) -> bool {
    !matches!(address.octets(), [0 | 127 | 224.., ..] | [169, 254, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_addresses_are_blurred() {
        let of = |key: &str, value: &str| blurred(key, &Arc::from(value)).to_string();
        assert_eq!(of("l2tp/sccrp.host_name", "\"sn1\""), "said");
        assert_eq!(of("l2tp/sccrp.vendor_name", "\"xelerance.com\""), "\"xelerance.com\"");
        assert_eq!(of("l2tp/icrq.1", "0011223344"), "said");
        assert_eq!(of("ipcp/answers.ip_address", "nak'd to 10.70.72.0/24"), "nak'd to an address/24");
        assert_eq!(of("ospf/hello.network_mask", "255.255.255.0"), "255.255.255.0");
        assert_eq!(of("isakmp/main.1.offer", "AES-CBC 256, 1.5 s"), "AES-CBC 256, 1.5 s");
    }
}
