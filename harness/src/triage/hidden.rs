//! What could not be read for want of keys.

use super::cause::Names;
use super::esp::Associations;
use super::l2tp::Tunnels;
use super::mark::{Frames, Mark};
use crate::transcript::layer::{Isakmp, Protection};

/// Associations named one by one.
const NAMED: usize = 8;

/// Encrypted IKE messages that stayed closed.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    absent: Frames,
    without_negotiation: Frames,
    wrong: Frames,
}

impl Hidden {
    pub(super) fn isakmp(&mut self, message: &Isakmp, mark: Mark) {
        match message.protection {
            Protection::Clear | Protection::Opened => {}
            Protection::KeyAbsent => self.absent.note(mark),
            Protection::NegotiationMissing => self.without_negotiation.note(mark),
            Protection::KeyWrong => self.wrong.note(mark),
        }
    }

    /// The layers, by Wireshark's names.
    pub(super) fn layers(&self, associations: &Associations, tunnels: &Tunnels) -> Vec<&'static str> {
        let mut layers = Vec::new();
        if [&self.absent, &self.without_negotiation, &self.wrong].iter().any(|frames| !frames.is_empty()) {
            layers.push("isakmp");
        }
        let is_closed = associations
            .list
            .iter()
            .any(|association| !association.key_absent.is_empty() || !association.key_wrong.is_empty());
        if is_closed {
            layers.extend(["esp", "l2tp", "ppp"]);
        } else if !tunnels.hidden_avps.is_empty() {
            layers.push("l2tp");
        }
        layers
    }

    /// A sentence for each thing that stayed closed: whether a key is absent or wrong.
    pub(super) fn because(
        &self,
        associations: &Associations,
        tunnels: &Tunnels,
        names: Names,
    ) -> Vec<String> {
        let mut because = Vec::new();
        let mut isakmp = |frames: &Frames, why: &str| {
            if !frames.is_empty() {
                because.push(format!("isakmp: {why} ({frames})"));
            }
        };
        isakmp(&self.absent, "no key is given for these encrypted messages");
        isakmp(
            &self.without_negotiation,
            "a key is given, but the messages that negotiate the cipher are not in the recording",
        );
        isakmp(&self.wrong, "the key given is wrong: it does not open these messages");
        let closed: Vec<_> = associations
            .list
            .iter()
            .filter(|association| !association.key_absent.is_empty() || !association.key_wrong.is_empty())
            .collect();
        for association in closed.iter().take(NAMED) {
            let what = format!("esp: SPI {:#010x} of {}", association.spi, names.of(association.sender));
            if !association.key_absent.is_empty() {
                because.push(format!("{what}: no key is given ({})", association.key_absent));
            }
            if !association.key_wrong.is_empty() {
                because.push(format!("{what}: the key given is wrong ({})", association.key_wrong));
            }
        }
        if closed.len() > NAMED {
            because.push(format!("esp: {} more SPIs", closed.len() - NAMED));
        }
        if !tunnels.hidden_avps.is_empty() {
            because.push(format!(
                "l2tp: AVPs are hidden and the tunnel's secret is not given ({})",
                tunnels.hidden_avps
            ));
        }
        because
    }
}
