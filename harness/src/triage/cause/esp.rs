//! Why ESP went one way only.

use super::Case;
use crate::triage::mark::{Frames, Side};

impl Case<'_> {
    pub(super) fn esp_both_ways(&self) -> Vec<String> {
        let esp = &self.attempt.esp;
        let Some(sender) = Side::ALL.into_iter().find(|side| !esp[*side].is_empty()) else {
            return Vec::new();
        };
        let (who, silent) = (self.names.of(sender), self.names.of(!sender));
        let sent = &esp[sender];
        let mut causes = Vec::new();
        let truncated: Option<&Frames> = self
            .associations
            .list
            .iter()
            .map(|association| &association.truncated)
            .find(|truncated| !truncated.is_empty());
        if let Some(truncated) = truncated {
            causes.push(format!(
                "{who} cuts the check value of HMAC-SHA2-256 to 96 bits where {silent} wants 128 ({truncated}), so that every packet is \
                 dropped: use HMAC-SHA1, or the compatibility option of {silent}'s daemon"
            ));
        }
        let request = self
            .attempt
            .tunnels
            .current()
            .map(|tunnel| &tunnel.request)
            .filter(|request| !request.is_empty());
        if let Some(request) = request {
            causes.extend(self.icmp(&[1701], "the L2TP daemon"));
            causes.push(format!(
                "{silent} never answers the SCCRQ inside of ESP ({request}): no L2TP daemon listens on UDP port 1701 there, or its \
                 firewall drops what comes out of IPsec"
            ));
        }
        if self.unreachable.iter().any(|error| error.is_esp) && !self.attempt.is_encapsulated {
            causes.push("IP protocol 50 (ESP) is refused on the way: an ICMP error quotes it".to_owned());
        }
        if self.attempt.is_encapsulated {
            causes.push(format!(
                "only {who} sends ESP inside of UDP port 4500 ({sent}): a firewall or translator drops {silent}'s packets, or \
                 {silent} drops {who}'s because its security association differs"
            ));
        } else {
            causes.push(format!(
                "only {who} sends ESP ({sent}): a firewall or translator between the ends lets UDP port 500 through and drops IP \
                 protocol 50; allow it, or force UDP encapsulation"
            ));
        }
        if self.attempt.ike.phase1.is_empty() && self.heard[!sender].is_none() {
            causes.push(format!("the recording shows one direction only: nothing of {silent} is in it"));
        } else if request.is_none() {
            causes.push(format!(
                "{silent} has nothing to answer with: no L2TP daemon listens on UDP port 1701 there, or its policy lets L2TP in \
                 only from other ports"
            ));
        }
        causes
    }
}
