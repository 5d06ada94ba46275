//! Where dissection of one frame stands.

use l2tpspec_protocol::codec::{Malformed, Why};

use super::{MAX_LAYERS, Waiting};
use crate::capture::Timestamp;
use crate::transcript::entry::{Entry, Fault, FaultCause};
use crate::transcript::ip::Addresses;
use crate::transcript::layer::{Layer, Named};

/// Where dissection of one frame stands.
pub(super) struct Walk<'w> {
    pub(super) entry: &'w mut Entry,
    /// Octets of the frame are in this arena; `None` if they are not, so that ESP is opened at once.
    pub(super) arena: Option<&'w [u8]>,
    /// ESP found in the first pass.
    pub(super) waiting: Option<Waiting>,
    /// Outermost addresses, for security associations.
    pub(super) addresses: Option<Addresses>,
    /// Within a datagram or packet that another message quotes: nothing is learnt from it, and its end may be missing.
    pub(super) is_quoted: bool,
    /// When the frame was recorded.
    pub(super) time: Option<Timestamp>,
    /// The recorder cut the frame.
    pub(super) is_snapped: bool,
    /// Within a security association, so that a fragment belongs to the inner reassembly.
    pub(super) is_inner: bool,
}

impl Walk<'_> {
    pub(super) fn push(&mut self, layer: Layer) -> bool {
        if self.entry.layers.len() == MAX_LAYERS {
            self.fault_cause("frame", FaultCause::TooDeep);
            return false;
        }
        self.entry.layers.push(layer);
        true
    }

    pub(super) fn fault_cause(&mut self, layer: &'static str, cause: FaultCause) {
        if self.entry.fault.is_none() {
            self.entry.fault = Some(Fault { layer, cause });
        }
    }

    /// Notes that a layer is malformed, unless its end is merely missing from the recording or from a quotation.
    pub(super) fn fault(&mut self, layer: &'static str, malformed: Malformed) {
        let is_cut = matches!(malformed.why, Why::Truncated { .. });
        if is_cut && self.is_quoted {
            return;
        }
        let cause =
            if is_cut && self.is_snapped { FaultCause::Snapped } else { FaultCause::Malformed(malformed) };
        self.fault_cause(layer, cause);
    }

    /// Names a layer whose octets are refused.
    pub(super) fn refuse(&mut self, layer: &'static str, malformed: Malformed) {
        self.push(Layer::Named(Named { layer, why: "malformed" }));
        self.fault(layer, malformed);
    }

    pub(super) fn name(&mut self, layer: &'static str, why: &'static str) {
        self.push(Layer::Named(Named { layer, why }));
    }
}
