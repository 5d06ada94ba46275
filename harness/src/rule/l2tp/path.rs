//! The layers of an entry that belong to the connection's own L2TP and PPP, not to what the tunnel carries.

use l2tpspec_protocol::codec::Malformed;
use l2tpspec_protocol::l2tp::wire::{ControlMessage, DataHeader};

use crate::rule::Seen;
use crate::transcript::ip::Udp;
use crate::transcript::layer::Opening;
use crate::transcript::{FaultCause, Layer};

/// Nanoseconds in a millisecond.
pub(in crate::rule) const MILLISECOND: i64 = 1_000_000;
/// Nanoseconds in a second.
pub(in crate::rule) const SECOND: i64 = 1_000 * MILLISECOND;
/// Frames closer than this may have been recorded out of order, or twice.
pub(in crate::rule) const REORDERING: i64 = 250 * MILLISECOND;

/// The layers up to the first that another peer's traffic may follow: the PPP header or an ICMP message.
fn outer<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a Layer> {
    seen.layers.iter().take_while(|layer| !matches!(layer, Layer::Ppp(_) | Layer::Icmp(_)))
}

/// The control message of the entry.
pub(in crate::rule) fn control<'a>(seen: &Seen<'a>) -> Option<&'a ControlMessage> {
    outer(seen).find_map(|layer| match layer {
        Layer::L2tpControl(message) => Some(&**message),
        _ => None,
    })
}

/// The header of the data message of the entry.
pub(in crate::rule) fn data(seen: &Seen<'_>) -> Option<DataHeader> {
    outer(seen).find_map(|layer| match layer {
        Layer::L2tpData(header) => Some(*header),
        _ => None,
    })
}

/// The UDP header right under L2TP, and whether ESP protects it.
pub(in crate::rule) fn udp(seen: &Seen<'_>) -> Option<(Udp, bool)> {
    // In clear, UDP stands under the connection's first layer.
    let layers = &seen.entry.layers;
    let at = layers.iter().position(|layer| matches!(layer, Layer::L2tpControl(_) | Layer::L2tpData(_)))?;
    let Some(Layer::Udp(udp)) = layers.get(at.checked_sub(1)?) else { return None };
    Some((*udp, layers[..at].iter().any(|layer| matches!(layer, Layer::Esp(_)))))
}

/// Whether the entry may have been a message of the connection that cannot be read: encrypted without a key, cut by the
/// recorder, or malformed.
pub(in crate::rule) fn is_unreadable(seen: &Seen<'_>) -> bool {
    if let Some(Layer::Esp(esp)) = seen.layers.last() {
        return matches!(esp.opening, Opening::KeyAbsent | Opening::KeyWrong);
    }
    let is_ike = |layer: &Layer| match layer {
        Layer::Isakmp(_) => true,
        Layer::Named(named) => named.layer == "isakmp",
        _ => false,
    };
    if seen.entry.fault.is_none() || control(seen).is_some() || outer(seen).any(is_ike) {
        return false;
    }
    // User traffic may be cut as it likes.
    !matches!(ppp(seen), Some((_, Some(Layer::PppControl(_) | Layer::Ip(_) | Layer::Ipv6(_)))))
}

/// Security associations watched at once.
const WATCHED: usize = 8;

/// The sequence numbers of ESP, which tell what the recording lacks.
#[derive(Debug, Default)]
pub(in crate::rule) struct Sequences {
    /// SPI and last sequence number.
    last: [Option<(u32, u32)>; WATCHED],
    oldest: usize,
}

impl Sequences {
    /// Whether packets between the last one and this one are missing, or come later.
    pub(in crate::rule) fn skip(&mut self, seen: &Seen<'_>) -> bool {
        let Some(header) = outer(seen).find_map(|layer| match layer {
            Layer::Esp(esp) => Some(esp.header),
            _ => None,
        }) else {
            return false;
        };
        let (spi, number) = (header.security_parameters_index, header.sequence_number);
        for (known, last) in self.last.iter_mut().flatten() {
            if *known == spi {
                let is_skip = number > last.saturating_add(1);
                *last = number.max(*last);
                return is_skip;
            }
        }
        self.last[self.oldest] = Some((spi, number));
        self.oldest = (self.oldest + 1) % WATCHED;
        false
    }
}

/// Why the layer of this name was refused; `None` if it was not, or belongs to what the tunnel carries, or the
/// recorder cut the frame.
pub(in crate::rule) fn refusal(seen: &Seen<'_>, layer: &str) -> Option<Malformed> {
    let fault = seen.entry.fault.as_ref().filter(|fault| fault.layer == layer)?;
    let is_named = |own: &Layer| matches!(own, Layer::Named(named) if named.layer == layer);
    let is_own = outer(seen).any(is_named) || ppp(seen).and_then(|(_, next)| next).is_some_and(is_named);
    match fault.cause {
        FaultCause::Malformed(malformed) if is_own => Some(malformed),
        _ => None,
    }
}

/// The PPP header of the entry and the layer right behind it.
pub(in crate::rule) fn ppp<'a>(
    seen: &Seen<'a>,
) -> Option<(l2tpspec_protocol::ppp::frame::FrameHeader, Option<&'a Layer>)> {
    let at = seen.layers.iter().position(|layer| matches!(layer, Layer::Ppp(_)))?;
    if seen.layers[..at].iter().any(|layer| matches!(layer, Layer::Icmp(_))) {
        return None;
    }
    match &seen.layers[at] {
        Layer::Ppp(header) => Some((*header, seen.layers.get(at + 1))),
        _ => None,
    }
}
