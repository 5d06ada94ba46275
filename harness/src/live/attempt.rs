//! Whether what is lost is the connection that a client has now, or what was left of an earlier one.

use std::collections::BTreeSet;

use l2tpspec_protocol::isakmp::SaId;
use l2tpspec_protocol::l2tp::TunnelId;
use l2tpspec_protocol::stack::{Event, session_of};
use l2tpspec_protocol::{isakmp, l2tp, ppp};

/// The SAs and tunnels of a client's dialling, and those of its earlier ones that have not been heard of to the end.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    own: Parts,
    earlier: Parts,
}

#[derive(Debug, Default)]
struct Parts {
    sas: BTreeSet<SaId>,
    tunnels: BTreeSet<TunnelId>,
}

impl Attempt {
    /// Begins anew: what there is belongs to what was.
    pub(super) fn begin(&mut self) {
        self.earlier.sas.append(&mut self.own.sas);
        self.earlier.tunnels.append(&mut self.own.tunnels);
    }

    /// Takes note of what has happened. Whether the connection is lost, or will not come to be, by it.
    pub(super) fn loses_by(&mut self, event: &Event) -> bool {
        match event {
            Event::Isakmp(isakmp::Event::Phase1Established { sa, .. }) => {
                self.own.sas.insert(*sa);
                false
            }
            Event::Isakmp(
                isakmp::Event::Failed { sa, message_id: 0, .. } | isakmp::Event::PeerDead { sa },
            ) => !self.earlier.sas.remove(sa),
            Event::L2tp(l2tp::Event::TunnelUp { tunnel, .. }) => {
                self.own.tunnels.insert(*tunnel);
                false
            }
            Event::L2tp(l2tp::Event::TunnelDown { tunnel, .. }) => !self.earlier.tunnels.contains(tunnel),
            Event::L2tp(l2tp::Event::SessionDown { session, .. }) => {
                !self.earlier.tunnels.contains(&session.tunnel)
            }
            Event::L2tp(l2tp::Event::TunnelSettled { tunnel }) => {
                self.own.tunnels.remove(tunnel);
                self.earlier.tunnels.remove(tunnel);
                false
            }
            Event::Ppp(ppp::Event::LinkDown { link, .. }) => {
                !self.earlier.tunnels.contains(&session_of(*link).tunnel)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use l2tpspec_protocol::l2tp::{End, SessionId};

    fn down(tunnel: u16) -> Event {
        let session = SessionId { tunnel: TunnelId(tunnel), session: 1 };
        Event::L2tp(l2tp::Event::SessionDown { session, why: End::NoAnswer })
    }

    fn dead(sa: u64) -> Event {
        Event::Isakmp(isakmp::Event::PeerDead { sa: SaId(sa) })
    }

    #[test]
    fn what_is_left_of_an_earlier_connection_is_no_loss() {
        let mut attempt = Attempt::default();
        attempt.own.sas.insert(SaId(1));
        attempt.own.tunnels.insert(TunnelId(7));
        assert!(attempt.loses_by(&down(7)));
        attempt.begin();
        assert!(!attempt.loses_by(&down(7)));
        assert!(!attempt.loses_by(&dead(1)));
        assert!(attempt.loses_by(&dead(2)));
        assert!(attempt.loses_by(&down(8)));
        let settled = Event::L2tp(l2tp::Event::TunnelSettled { tunnel: TunnelId(7) });
        assert!(!attempt.loses_by(&settled));
        // The number may be used again.
        assert!(attempt.loses_by(&down(7)));
    }
}
