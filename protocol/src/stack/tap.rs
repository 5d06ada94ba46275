//! Where somebody may look at control messages on their way down, and change them: between the layers, before the layers
//! below protect them.

/// Between which layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seam {
    /// Below IKE: whole messages, as they travel.
    Isakmp,
    /// Below L2TP: control messages, before ESP.
    L2tp,
    /// Below PPP: frames of control protocols, before L2TP.
    Ppp,
}

/// What stands at a seam.
pub trait Tap {
    /// Takes a unit on its way down. What is left of it goes on; an emptied one does not.
    fn descending(&mut self, seam: Seam, unit: &mut Vec<u8>);
}

/// Nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTap;

impl Tap for NoTap {
    fn descending(&mut self, _seam: Seam, _unit: &mut Vec<u8>) {}
}
