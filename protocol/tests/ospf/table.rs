//! Every cell of the state machines of RFC 2328 sections 9.3 and 10.3, written out from the text.

use l2tpspec_protocol::ospf::table::{
    self, Conditions, Interface, InterfaceEvent, Neighbor as S, NeighborEvent as E,
};

/// Rows are events, columns states: `Down`, `Attempt`, `Init`, `2-Way`, `ExStart`, `Exchange`, `Loading`, `Full`. A dot is no change: the
/// event has no effect there, or none is described. Where a cell depends on something, both are written: with an adjacency
/// wanted `/` without, or with requests left `/` without.
const CELLS: [(E, [&str; 8]); 13] = [
    (E::Start, ["Attempt", ".", ".", ".", ".", ".", ".", "."]),
    (E::HelloReceived, ["Init", "Init", ".", ".", ".", ".", ".", "."]),
    (E::TwoWayReceived, [".", ".", "ExStart/TwoWay", ".", ".", ".", ".", "."]),
    (E::NegotiationDone, [".", ".", ".", ".", "Exchange", ".", ".", "."]),
    (E::ExchangeDone, [".", ".", ".", ".", ".", "Loading/Full", ".", "."]),
    (E::LoadingDone, [".", ".", ".", ".", ".", ".", "Full", "."]),
    (E::AdjOk, [".", ".", ".", "ExStart/.", "./TwoWay", "./TwoWay", "./TwoWay", "./TwoWay"]),
    (E::SeqNumberMismatch, [".", ".", ".", ".", ".", "ExStart", "ExStart", "ExStart"]),
    (E::BadLsReq, [".", ".", ".", ".", ".", "ExStart", "ExStart", "ExStart"]),
    (E::OneWay, [".", ".", ".", "Init", "Init", "Init", "Init", "Init"]),
    (E::KillNbr, [".", "Down", "Down", "Down", "Down", "Down", "Down", "Down"]),
    (E::LlDown, [".", "Down", "Down", "Down", "Down", "Down", "Down", "Down"]),
    (E::InactivityTimer, [".", "Down", "Down", "Down", "Down", "Down", "Down", "Down"]),
];

#[test]
fn every_cell_of_the_neighbour_table() {
    let mut cells = 0;
    for (event, row) in CELLS {
        for (state, cell) in S::ALL.into_iter().zip(row) {
            let (yes, no) = cell.split_once('/').unwrap_or((cell, cell));
            for (holds, word) in [(true, yes), (false, no)] {
                // The one condition that the event asks about; the other has to make no difference.
                for other in [true, false] {
                    let conditions = if event == E::ExchangeDone {
                        Conditions { wants_adjacency: other, has_requests: holds }
                    } else {
                        Conditions { wants_adjacency: holds, has_requests: other }
                    };
                    let wanted = if word == "." { format!("{state:?}") } else { word.to_owned() };
                    let got = format!("{:?}", table::neighbor(state, event, conditions));
                    assert_eq!(got, wanted, "{event:?} in {state:?}, {conditions:?}");
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 13 * 8 * 4);
    assert!(E::ALL.iter().all(|event| CELLS.iter().any(|(known, _)| known == event)));
}

#[test]
fn every_cell_of_the_interface_table() {
    use Interface::{Down, Loopback, PointToPoint};
    let cells = [
        (InterfaceEvent::InterfaceUp, [PointToPoint, Loopback, PointToPoint]),
        (InterfaceEvent::LoopInd, [Loopback, Loopback, Loopback]),
        (InterfaceEvent::UnloopInd, [Down, Down, PointToPoint]),
        (InterfaceEvent::InterfaceDown, [Down, Down, Down]),
    ];
    for (event, row) in cells {
        for (state, wanted) in [Down, Loopback, PointToPoint].into_iter().zip(row) {
            assert_eq!(table::interface(state, event), wanted, "{event:?} in {state:?}");
        }
    }
}
