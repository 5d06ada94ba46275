//! Why user packets went one way only.

use super::Case;
use crate::triage::mark::Side;

impl Case<'_> {
    pub(super) fn data_both_ways(&self) -> Vec<String> {
        let Some(session) = self.attempt.session() else { return Vec::new() };
        let data = &session.ppp.data;
        let mut causes = Vec::new();
        for side in Side::ALL.into_iter().filter(|side| !data.questions[*side].is_empty()) {
            let (who, other) = (self.names.of(side), self.names.of(!side));
            let asked = data.asked.map(|address| format!(", the last to {address}")).unwrap_or_default();
            let questions = &data.questions[side];
            causes.push(format!(
                "nothing comes back to {who}, which asks {} ({questions}{asked}): no route or forwarding behind {other} \
                 (net.ipv4.ip_forward), no way back to {who}'s address, or a firewall there",
                super::times(questions)
            ));
            if data.any[!side].is_empty() {
                causes.push(format!(
                    "{other} sends no user packet at all: its end of the link is not configured"
                ));
            }
        }
        causes
    }
}
