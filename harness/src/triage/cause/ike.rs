//! Why phase 1 or phase 2 was not reached.

use l2tpspec_protocol::isakmp::wire::NotifyType;

use super::{Case, times};
use crate::triage::phase1::{PhaseOne, Refusal};
use crate::triage::quick::Quick;

impl Case<'_> {
    fn of_initiator(&self, phase1: &PhaseOne) -> (&'static str, &'static str) {
        (self.names.of(phase1.initiator), self.names.of(!phase1.initiator))
    }

    pub(super) fn ike_answered(&self) -> Vec<String> {
        let Some(phase1) = self.attempt.ike.primary() else { return Vec::new() };
        let (initiator, responder) = self.of_initiator(phase1);
        let first = &phase1.messages[0];
        let mut causes: Vec<String> = self.icmp(&[500, 4500], "the IKE daemon").into_iter().collect();
        causes.push(format!(
            "{responder} never answers {initiator}'s message 1, sent {} ({first}): a firewall drops UDP port 500, the \
             address is wrong, or no IKE daemon runs there",
            times(first)
        ));
        causes.push(format!(
            "{responder} ignores peers that its configuration does not name: look in its log for {initiator}'s address, and allow \
             IKEv1 there"
        ));
        causes
    }

    pub(super) fn proposal_chosen(&self) -> Vec<String> {
        let Some(phase1) = self.attempt.ike.primary() else { return Vec::new() };
        let (initiator, responder) = self.of_initiator(phase1);
        let offered = if phase1.offered.is_empty() {
            String::new()
        } else {
            format!("; allow one of these there: {}", phase1.offered.join("; "))
        };
        let mut causes = Vec::new();
        for refusal in &phase1.refusals {
            let Refusal { notify, frame, .. } = refusal;
            match notify {
                NotifyType::NoProposalChosen => {
                    causes.push(format!(
                        "{responder} accepts none of the phase 1 transforms that {initiator} offers (NO-PROPOSAL-CHOSEN in frame \
                         {frame}){offered}"
                    ));
                    causes.push(format!(
                        "{responder} has no configuration for {initiator}'s address, which some daemons refuse in the same words"
                    ));
                }
                _ => causes
                    .push(format!("{responder} refuses message 1 with {notify} (frame {frame}){offered}")),
            }
        }
        if causes.is_empty() {
            causes.push(format!("{responder} answers but chooses no phase 1 transform{offered}"));
        }
        causes.dedup();
        causes
    }

    pub(super) fn key_exchanged(&self) -> Vec<String> {
        let Some(phase1) = self.attempt.ike.primary() else { return Vec::new() };
        let (initiator, responder) = self.of_initiator(phase1);
        let [first, second, third, ..] = &phase1.messages;
        let mut causes: Vec<String> = phase1
            .refusals
            .iter()
            .map(|refusal| {
                let (who, notify, frame) = (self.names.of(refusal.side), refusal.notify, refusal.frame);
                format!("{who} refuses the key exchange with {notify} (frame {frame})")
            })
            .collect();
        if !third.is_empty() {
            causes.push(format!(
                "{responder} never answers message 3, which {initiator} sent {} ({third}): it is larger than message 1, so that a \
                 path that drops fragments or large datagrams loses it, or {responder} is overloaded",
                times(third)
            ));
        } else if first.is_after(second.begin()) {
            causes.push(format!(
                "{responder}'s message 2 ({second}) does not reach {initiator}, which repeats message 1 ({first}): a firewall or \
                 translator drops what comes back from UDP port 500"
            ));
        } else {
            let chosen =
                phase1.chosen.as_ref().map(|chosen| format!(", which chooses {chosen}")).unwrap_or_default();
            causes.push(format!("{initiator} does not go on after message 2 ({second}){chosen}: it did not offer that, or did not get it"));
        }
        causes
    }

    pub(super) fn phase1_up(&self) -> Vec<String> {
        let Some(phase1) = self.attempt.ike.primary() else { return Vec::new() };
        if phase1.is_aggressive {
            return self.aggressive_mode(phase1);
        }
        let (initiator, responder) = self.of_initiator(phase1);
        let [_, _, third, fourth, fifth, sixth] = &phase1.messages;
        if fifth.is_empty() {
            return if third.is_after(fourth.begin()) {
                vec![format!(
                    "{responder}'s message 4 ({fourth}) does not reach {initiator}, which repeats message 3 ({third}): a path that drops \
                     fragments or large datagrams loses it"
                )]
            } else {
                vec![format!("{initiator} does not go on after message 4 ({fourth}): see its log")]
            };
        }
        let mut causes = self.proof_refused(phase1);
        if !sixth.is_empty() {
            if fifth.is_after(sixth.begin()) {
                causes.push(format!("{responder}'s message 6 ({sixth}) does not reach {initiator}, which repeats message 5 ({fifth})"));
            }
            return causes;
        }
        if !causes.is_empty() {
            return causes;
        }
        let sent = format!("{initiator}'s message 5, sent {} ({fifth}),", times(fifth));
        if !has_pre_shared_key(phase1) {
            causes.push(format!(
                "{responder} does not accept {initiator}'s certificate or signature: {sent} got no message 6"
            ));
            return causes;
        }
        let is_silent_on_4500 = phase1.floated.is_some() && !phase1.heard_on_4500[!phase1.initiator];
        if is_silent_on_4500 {
            causes.extend(self.icmp(&[4500], "the IKE daemon"));
            causes.push(format!(
                "UDP port 4500 is blocked between the ends: {initiator} moves there with message 5 ({fifth}), and nothing comes back \
                 from that port"
            ));
        }
        let answer = if phase1.unreadable.is_empty() {
            "got no answer".to_owned()
        } else {
            format!(
                "got no message 6, only Informationals that cannot be read with its key ({})",
                phase1.unreadable
            )
        };
        causes.push(format!("the pre-shared keys differ: {sent} {answer}; compare the keys of both ends"));
        causes.push(format!(
            "{responder} has no pre-shared key for this peer: in Main Mode it is looked up by the address that {initiator} has there"
        ));
        causes
    }

    /// What either end says against the proof of the other.
    fn proof_refused(&self, phase1: &PhaseOne) -> Vec<String> {
        let mut causes = Vec::new();
        for refusal in &phase1.refusals {
            let Refusal { side, frame, notify } = *refusal;
            let (who, other) = (self.names.of(side), self.names.of(!side));
            let identity = phase1.identities[!side].as_ref().map(|id| format!(" {id}")).unwrap_or_default();
            causes.push(match notify {
                NotifyType::InvalidIdInformation => format!(
                    "{who} has no configuration for {other}'s identity{identity} (INVALID-ID-INFORMATION in frame {frame})"
                ),
                NotifyType::PayloadMalformed
                | NotifyType::InvalidHashInformation
                | NotifyType::AuthenticationFailed
                | NotifyType::InvalidPayloadType
                | NotifyType::InvalidKeyInformation
                    if has_pre_shared_key(phase1) =>
                {
                    format!("the pre-shared keys differ: {who} refuses {other}'s proof{identity} with {notify} (frame {frame})")
                }
                NotifyType::NoProposalChosen => format!(
                    "{who} has no configuration that fits {other}'s identity{identity} (NO-PROPOSAL-CHOSEN in frame {frame})"
                ),
                _ => format!("{who} refuses {other}'s proof{identity} with {notify} (frame {frame})"),
            });
        }
        for side in crate::triage::mark::Side::ALL {
            if let Some(frame) = phase1.wrong_hash[side] {
                causes.push(format!(
                    "the pre-shared keys differ: the proof of {} in frame {frame} is wrong",
                    self.names.of(side)
                ));
            }
        }
        causes.dedup();
        causes
    }

    fn aggressive_mode(&self, phase1: &PhaseOne) -> Vec<String> {
        let (initiator, responder) = self.of_initiator(phase1);
        let [_, second, third, ..] = &phase1.messages;
        let mut causes = self.proof_refused(phase1);
        if third.is_empty() {
            causes.push(format!(
                "the pre-shared keys differ: {initiator} does not accept the proof in {responder}'s message 2 ({second}) and sends no \
                 message 3"
            ));
            causes.push(format!("{responder}'s message 2 ({second}) does not reach {initiator}"));
        } else {
            causes.push(format!("{initiator}'s message 3 ({third}) does not reach {responder}, which repeats message 2 ({second})"));
        }
        causes
    }

    pub(super) fn phase2_up(&self) -> Vec<String> {
        let Some(quick) = self.attempt.ike.quick.first() else { return Vec::new() };
        let (initiator, responder) = (self.names.of(quick.initiator), self.names.of(!quick.initiator));
        let mut causes: Vec<String> = Vec::new();
        for refusal in self.attempt.ike.quick.iter().flat_map(|quick| &quick.refusals) {
            causes.extend(self.quick_refused(quick, refusal));
        }
        causes.dedup();
        if !causes.is_empty() {
            return causes;
        }
        if !quick.unreadable.is_empty() && quick.second.is_empty() {
            causes.push(format!(
                "{responder} answers Quick Mode ({}) with encrypted Informationals ({}), most likely NO-PROPOSAL-CHOSEN or \
                 INVALID-ID-INFORMATION: no ESP transform, mode or PFS group in common, or no policy for this traffic; keys would tell",
                quick.first, quick.unreadable
            ));
        } else if quick.second.is_empty() {
            causes.push(format!(
                "{responder} never answers Quick Mode, whose message 1 {initiator} sent {} ({}): it has no policy for this peer, or no \
                 ESP transform in common",
                times(&quick.first),
                quick.first
            ));
            causes.push(format!("{responder} lost or deleted the phase 1 association; its log tells"));
        } else {
            causes.push(format!(
                "{initiator} does not go on after message 2 of Quick Mode ({}): it does not accept what {responder} chose{}, or did not \
                 get it",
                quick.second,
                quick.chosen.as_ref().map(|chosen| format!(" ({chosen})")).unwrap_or_default()
            ));
        }
        causes
    }

    fn quick_refused(&self, quick: &Quick, refusal: &Refusal) -> Vec<String> {
        let Refusal { side, frame, notify } = *refusal;
        let (who, other) = (self.names.of(side), self.names.of(!side));
        match notify {
            NotifyType::NoProposalChosen => {
                let offered = if quick.offered.is_empty() {
                    String::new()
                } else {
                    format!("; allow one of these there: {}", quick.offered.join("; "))
                };
                let pfs = if quick.has_key_exchange {
                    format!("{who} may not allow perfect forward secrecy, which {other} demands")
                } else {
                    format!("{who} may demand perfect forward secrecy (PFS), which {other} does not offer")
                };
                vec![
                    format!(
                        "{who} accepts none of {other}'s ESP proposals (NO-PROPOSAL-CHOSEN in frame {frame}){offered}"
                    ),
                    pfs,
                ]
            }
            NotifyType::InvalidIdInformation => {
                let asked = match quick.selectors.as_slice() {
                    [own, peer] => format!(": {other} asks for {own} to {peer}"),
                    _ => String::new(),
                };
                vec![format!(
                    "{who} has no policy for this traffic (INVALID-ID-INFORMATION in frame {frame}){asked}; behind a translator the \
                     supernode has to accept any address and port of the client"
                )]
            }
            _ => vec![format!("{who} refuses Quick Mode with {notify} (frame {frame})")],
        }
    }
}

/// Whether the proofs are made with a pre-shared key, as far as that is known.
fn has_pre_shared_key(phase1: &PhaseOne) -> bool {
    phase1.chosen.as_ref().is_none_or(|chosen| {
        chosen.contains("pre-shared key")
            || chosen.contains("PreShared")
            || !chosen.contains("signature") && !chosen.contains("RSA") && !chosen.contains("ECDSA")
    })
}
