//! Why there was no tunnel, or no session.

use super::{Case, times};
use crate::triage::l2tp::{Stop, Tunnel};
use crate::triage::mark::Side;

impl Case<'_> {
    /// What ended tunnel or call before it stood.
    pub(super) fn stopped(&self, stop: &Stop) -> String {
        let (what, kind) = if stop.is_tunnel { ("the tunnel", "StopCCN") } else { ("the call", "CDN") };
        format!("{} gives up {what} with {kind}: {} ({})", self.names.of(stop.side), stop.words, stop.frames)
    }

    fn opener(&self, opener: Option<Side>) -> (&'static str, &'static str) {
        (self.names.of_some(opener), opener.map_or("the other end", |side| self.names.of(!side)))
    }

    pub(super) fn tunnel_up(&self) -> Vec<String> {
        let Some(tunnel) = self.attempt.tunnels.current() else { return Vec::new() };
        let (opener, other) = self.opener(tunnel.opener);
        let Tunnel { request, reply, connected, .. } = tunnel;
        let mut causes: Vec<String> = tunnel.stop.iter().map(|stop| self.stopped(stop)).collect();
        let is_refused = tunnel.stop.as_ref().is_some_and(|stop| Some(stop.side) != tunnel.opener);
        if is_refused {
            return causes;
        }
        if reply.is_empty() {
            let mut unanswered: Vec<String> = self.icmp(&[1701], "the L2TP daemon").into_iter().collect();
            unanswered.push(format!(
                "{other} never answers SCCRQ, which {opener} sent {} ({request}): no L2TP daemon listens \
                 on UDP port 1701 there, or a firewall drops it",
                times(request)
            ));
            if self.attempt.tunnels.protected.is_empty() {
                unanswered
                    .push(format!("{other} takes L2TP only inside of IPsec, and this SCCRQ went in clear"));
            }
            unanswered.append(&mut causes);
            return unanswered;
        }
        if connected.is_empty() {
            causes.insert(
                0,
                format!(
                    "{opener} does not go on after SCCRP ({reply}): it did not get it because it came \
                     from another address or port than SCCRQ went to, or it refuses {other}'s host name \
                     or challenge response"
                ),
            );
        } else {
            causes.insert(
                0,
                format!(
                    "{other} never acknowledges SCCCN ({connected}): the way to it is broken, or it \
                     refuses the challenge response"
                ),
            );
        }
        causes
    }

    pub(super) fn session_up(&self) -> Vec<String> {
        let Some(tunnel) = self.attempt.tunnels.current() else { return Vec::new() };
        let Some(session) = tunnel.current() else { return Vec::new() };
        let (caller, other) = self.opener(session.caller);
        let stops = session.stop.iter().chain(&tunnel.stop);
        let mut causes: Vec<String> = stops.map(|stop| self.stopped(stop)).collect();
        if session.stop.is_some() {
            return causes;
        }
        if session.reply.is_empty() {
            causes.push(format!(
                "{other} never answers the call request of {caller} ({}): see the log of its L2TP daemon",
                session.request
            ));
        } else if session.connected.is_empty() {
            causes.push(format!(
                "the call is not connected after its reply ({}): ICCN or OCCN never comes",
                session.reply
            ));
        } else {
            causes.push(format!("ICCN or OCCN is never acknowledged ({})", session.connected));
        }
        causes
    }

    /// What ended tunnel or call while PPP was negotiated, as far as it says more than that it ended.
    pub(super) fn broken_off(&self) -> Vec<String> {
        let tunnel = self.attempt.tunnels.current();
        let stops = tunnel
            .and_then(|tunnel| tunnel.stop.as_ref())
            .into_iter()
            .chain(self.attempt.session().and_then(|session| session.stop.as_ref()));
        let mut causes: Vec<String> =
            stops.filter(|stop| !stop.is_orderly).map(|stop| self.stopped(stop)).collect();
        if let Some(terminate) = self.attempt.session().and_then(|session| session.ppp.terminate.as_ref()) {
            let text = terminate.text.as_ref().map(|text| format!(", saying {text}")).unwrap_or_default();
            causes.push(format!(
                "{} ends the link with LCP Terminate-Request{text} ({})",
                self.names.of_some(terminate.side),
                terminate.frames
            ));
        }
        causes
    }
}
