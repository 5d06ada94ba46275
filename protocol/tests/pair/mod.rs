//! The harness of two ends, tried on a layer that repeats a number until it is echoed.

use std::convert::Infallible;
use std::time::Duration;

use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::layer::{Input, Layer, Output};
use l2tpspec_protocol::time::Instant;

use crate::support::pair::{Pair, Side};

/// When to ask again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Echo {
    asks: Option<(u8, Instant)>,
    outputs: Vec<Output<(bool, u8), Infallible, u8>>,
}

impl Layer for Echo {
    type Below = (bool, u8);
    type Above = Infallible;
    type Command = ();
    type Event = u8;

    fn handle_input(&mut self, cx: &mut Cx<'_>, input: Input<(bool, u8), Infallible, ()>) {
        match input {
            Input::Command(()) => {
                let [number] = cx.draw("echo.number");
                self.asks = Some((number, cx.now + AGAIN));
                self.outputs.push(Output::ToBelow((true, number)));
            }
            Input::FromBelow((true, number)) => self.outputs.push(Output::ToBelow((false, number))),
            Input::FromBelow((false, number)) => {
                self.asks = None;
                self.outputs.push(Output::Event(number));
            }
            Input::Timeout => {
                if let Some((number, _)) = self.asks.filter(|(_, due)| *due <= cx.now) {
                    self.asks = Some((number, cx.now + AGAIN));
                    self.outputs.push(Output::ToBelow((true, number)));
                }
            }
            Input::FromAbove(never) => match never {},
        }
    }

    fn poll_output(&mut self) -> Option<Output<(bool, u8), Infallible, u8>> {
        (!self.outputs.is_empty()).then(|| self.outputs.remove(0))
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.asks.map(|(_, due)| due)
    }
}

#[test]
fn a_lost_unit_is_sent_again_at_its_deadline_and_answered_a_round_trip_later() {
    let mut pair = Pair::new(Echo::default(), Echo::default());
    pair.link = Box::new(|side, number, unit| match (side, number) {
        (Side::Left, 0) => Vec::new(),
        _ => vec![(Duration::ZERO, unit)],
    });
    pair.command(Side::Left, ());
    pair.run(Duration::from_secs(5));
    let sent: Vec<u64> = pair.left.sent.iter().map(|(moment, _)| moment.as_micros()).collect();
    assert_eq!(sent, [0, 1_000_000]);
    let events: Vec<u64> = pair.left.events.iter().map(|(moment, _)| moment.as_micros()).collect();
    assert_eq!(events, [1_020_000]);
    assert_eq!(pair.end(Side::Right).sent.len(), 1);
    assert!(pair.right.received.is_empty());
}
