//! Data messages of sessions that are up.

use std::time::Duration;

use l2tpspec_protocol::l2tp::{Command, DataHabit, Dropped, L2tp, Path, Reason, SessionId};
use l2tpspec_protocol::packet::Packet;

use super::support::{assert_up, config, open, pair, sessions, tunnels};
use crate::support::pair::{Pair, Side};

fn up(habit: DataHabit) -> (Pair<L2tp>, SessionId, SessionId) {
    let mut client = config("lac");
    client.data = habit;
    let mut pair = pair(client, config("lns"));
    open(&mut pair);
    pair.run(Duration::from_secs(1));
    assert_up(&pair, "data");
    let (left, right) = (sessions(&pair.left.events)[0], sessions(&pair.right.events)[0]);
    (pair, left, right)
}

const fn back(path: Path) -> Path {
    Path { local: path.peer, peer: path.local, link: path.link }
}

pub(super) fn every_habit(habits: &[DataHabit]) {
    for habit in habits {
        let (mut pair, left, right) = up(*habit);
        for number in 0..3_u8 {
            let frame = vec![number; 20];
            let mut packet = Packet::new(&frame);
            let path = pair.left.layer.data_from_above(left, &mut packet).expect("a session");
            let first = packet.octets()[0];
            assert_eq!(first & 0x40 != 0, habit.has_length, "{habit:?}");
            assert_eq!(first & 0x08 != 0, habit.is_numbered, "{habit:?}");
            assert_eq!(first & 0x02 != 0, habit.offset_size.is_some(), "{habit:?}");
            let got = pair.right.layer.data_from_below(pair.now, back(path), &mut packet);
            assert_eq!((got, packet.octets()), (Ok(right), &frame[..]), "{habit:?}");
            // L2TP-2661-5.4-a: the other end numbers as it is numbered to.
            let mut answer = Packet::new(&frame);
            let path = pair.right.layer.data_from_above(right, &mut answer).expect("a session");
            assert_eq!(answer.octets()[0] & 0x08 != 0, habit.is_numbered, "{habit:?}");
            let got = pair.left.layer.data_from_below(pair.now, back(path), &mut answer);
            assert_eq!((got, answer.octets()), (Ok(left), &frame[..]), "{habit:?}");
        }
    }
}

/// L2TP-2661-5.4-c.
#[test]
fn a_numbered_message_is_delivered_once_and_not_after_a_later_one() {
    let (mut pair, left, _) = up(DataHabit { is_numbered: true, ..DataHabit::default() });
    let sealed: Vec<(Path, Packet)> = (0..3)
        .map(|number| {
            let mut packet = Packet::new(&[number; 9]);
            let path = pair.left.layer.data_from_above(left, &mut packet).expect("a session");
            (path, packet)
        })
        .collect();
    let results: Vec<bool> = [0, 2, 1, 2]
        .into_iter()
        .map(|at: usize| {
            let (path, packet) = &sealed[at];
            match pair.right.layer.data_from_below(pair.now, back(*path), &mut packet.clone()) {
                Ok(_) => true,
                Err(dropped) => {
                    assert_eq!(dropped, Dropped::OutOfOrder);
                    false
                }
            }
        })
        .collect();
    assert_eq!(results, [true, true, false, false]);
}

/// L2TP-2661-5.0-a.
#[test]
fn data_of_no_session_and_of_another_link_are_dropped() {
    let (mut pair, left, right) = up(DataHabit::default());
    let mut packet = Packet::new(b"frame");
    let path = pair.left.layer.data_from_above(left, &mut packet).expect("a session");
    let elsewhere = Path { link: 7, ..back(path) };
    assert!(pair.right.layer.data_from_below(pair.now, elsewhere, &mut packet.clone()).is_err());
    let mut other = packet.clone();
    other.octets_mut()[5] ^= 1;
    assert!(pair.right.layer.data_from_below(pair.now, back(path), &mut other).is_err());
    assert!(pair.right.layer.data_from_below(pair.now, back(path), &mut Packet::new(&[0, 2, 0])).is_err());
    let tunnel = tunnels(&pair.right.events)[0];
    pair.command(Side::Right, Command::CloseTunnel { tunnel, reason: Reason::plain(1) });
    assert!(pair.right.layer.data_from_below(pair.now, back(path), &mut packet).is_err());
    assert_eq!(pair.right.layer.data_from_above(right, &mut Packet::new(b"frame")), None);
}
