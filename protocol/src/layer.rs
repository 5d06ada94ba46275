//! The contract of a layer: a value that owns no clock, no chance, no socket, no other layer and no log.
//!
//! After each input its owner polls outputs until there are none, then asks when to come back. A peer's bad input is
//! an event, never an error and never a panic. An input never blocks, and an output never depends on when it is
//! polled. The trait exists so that any layer can be tested against itself; the stack names the layers it holds.

use crate::cx::Cx;
use crate::time::Instant;

/// What a layer is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<B, A, C> {
    /// A unit from the layer below, or from the wire.
    FromBelow(B),
    /// A unit from the layer above, to be sent.
    FromAbove(A),
    /// What the owner wants.
    Command(C),
    /// The moment that [`Layer::next_timeout`] named has come. Harmless if it has not.
    Timeout,
}

/// What a layer gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<B, A, E> {
    /// A unit to send.
    ToBelow(B),
    /// A unit that was received.
    ToAbove(A),
    /// What has happened.
    Event(E),
}

/// One protocol.
pub trait Layer {
    /// The unit of the layer below.
    type Below;
    /// The unit of the layer above.
    type Above;
    /// What its owner may want of it.
    type Command;
    /// What may happen.
    type Event;

    /// Absorbs one input.
    fn handle_input(&mut self, cx: &mut Cx<'_>, input: Input<Self::Below, Self::Above, Self::Command>);

    /// Yields the next output, or `None` once there are no more.
    fn poll_output(&mut self) -> Option<Output<Self::Below, Self::Above, Self::Event>>;

    /// When to come back with [`Input::Timeout`] if nothing happens before.
    fn next_timeout(&self) -> Option<Instant>;
}
