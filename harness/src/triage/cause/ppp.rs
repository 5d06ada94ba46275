//! Why PPP did not come up.

use l2tpspec_protocol::ppp::Protocol;
use l2tpspec_protocol::ppp::chap::mschap::ErrorCode;

use super::{Case, times};
use crate::triage::authentication::Authentication;
use crate::triage::l2tp::Stop;
use crate::triage::mark::Side;
use crate::triage::negotiation::{Negotiation, Objection};
use crate::triage::ppp::{AUTHENTICATION_PROTOCOL, Ppp};

/// Number of IPCP's IP-Address option (RFC 1332 section 3.3).
const IP_ADDRESS: u8 = 3;
/// Within how many nanoseconds of a response its refusal comes: `FreeRADIUS` holds one back for a second, five at most. Who
/// waits for a user database in vain waits longer.
const PROMPT: i64 = 6_000_000_000;

/// How often an option is refused until that is a loop.
const LOOP: u64 = 3;

impl Case<'_> {
    fn link(&self) -> Option<&Ppp> {
        self.attempt.session().map(|session| &session.ppp)
    }

    pub(super) fn lcp_up(&self) -> Vec<String> {
        let Some(link) = self.link() else { return Vec::new() };
        let lcp = &link.lcp;
        let mut causes = self.authentication_refused(lcp);
        causes.extend(self.negotiation_failed("LCP", lcp, link));
        causes.extend(self.broken_off());
        causes
    }

    /// What LCP says against a demand to authenticate.
    fn authentication_refused(&self, lcp: &Negotiation) -> Vec<String> {
        let of_authentication = |objection: &&Objection| objection.number == AUTHENTICATION_PROTOCOL;
        lcp.objections
            .iter()
            .filter(of_authentication)
            .map(|objection| self.method_refused(lcp, objection))
            .collect()
    }

    fn method_refused(&self, lcp: &Negotiation, objection: &Objection) -> String {
        let by = self.names.of_some(objection.by);
        let asker = objection.by.map(|side| !side);
        let wanted = asker
            .and_then(|side| lcp.wanted[side].as_ref())
            .and_then(|(_, options)| {
                options.iter().find_map(|option| option.strip_prefix("Authentication-Protocol "))
            })
            .map(|wanted| format!(" by {wanted}"))
            .unwrap_or_default();
        let frames = &objection.frames;
        if objection.is_reject {
            format!(
                "{by} refuses to authenticate itself{wanted} at all ({frames}): it has no password for \
                 this connection, or the method is switched off there"
            )
        } else {
            let instead =
                objection.option.strip_prefix("Authentication-Protocol ").unwrap_or(&objection.option);
            format!(
                "{by} refuses to authenticate itself{wanted} and proposes {instead} instead ({frames}): \
                 allow one method at both ends"
            )
        }
    }

    /// Why a negotiation came to no end.
    fn negotiation_failed(&self, what: &str, negotiation: &Negotiation, link: &Ppp) -> Vec<String> {
        let mut causes = Vec::new();
        for objection in negotiation.objections.iter().filter(|objection| objection.frames.count() >= LOOP) {
            if what == "LCP" && objection.number == AUTHENTICATION_PROTOCOL {
                continue;
            }
            let verb = if objection.is_reject { "rejects" } else { "answers with Configure-Nak" };
            causes.push(format!(
                "{what} does not converge: {} {verb} {} {} ({}), and the other end does not give in",
                self.names.of_some(objection.by),
                objection.option,
                times(&objection.frames),
                objection.frames
            ));
        }
        for side in Side::ALL {
            let requests = &negotiation.requests[side];
            if requests.is_empty() || negotiation.acknowledged[side].is_some() {
                continue;
            }
            let (who, other) = (self.names.of(side), self.names.of(!side));
            if link.frames[!side].is_empty() {
                causes.push(format!(
                    "{other} sends no PPP frame at all while {who} asks with {what} Configure-Request {} \
                     ({requests}): pppd did not start there, or data messages of the session are \
                     dropped",
                    times(requests)
                ));
            } else if negotiation.objections.iter().all(|objection| objection.by != Some(!side)) {
                let options = negotiation.wanted[side]
                    .as_ref()
                    .map(|(_, options)| options.join(", "))
                    .unwrap_or_default();
                causes.push(format!(
                    "{other} never acknowledges {who}'s {what} Configure-Request ({requests}; {options})"
                ));
            }
        }
        for objection in negotiation.objections.iter().filter(|objection| objection.frames.count() < LOOP) {
            if what == "LCP" && objection.number == AUTHENTICATION_PROTOCOL {
                continue;
            }
            let Some(by) = objection.by else { continue };
            if negotiation.acknowledged[!by].is_none() {
                let verb = if objection.is_reject { "rejects" } else { "wants" };
                causes.push(format!(
                    "{} {verb} {} ({})",
                    self.names.of(by),
                    objection.option,
                    objection.frames
                ));
            }
        }
        causes
    }

    pub(super) fn authenticated(&self) -> Vec<String> {
        let Some(link) = self.link() else { return Vec::new() };
        let authentication = &link.authentication;
        let protocol = authentication.protocol.unwrap_or("authentication");
        // The algorithm that LCP agreed on says more than the name of the protocol.
        let method = link.agreed_authentication().unwrap_or(protocol);
        let user = authentication.user.as_deref().map(|user| format!(" of user {user}")).unwrap_or_default();
        let mut causes = Vec::new();
        if authentication.tried.is_none() {
            causes = self.authentication_refused(&link.lcp);
        } else if let Some(failure) = authentication.failures.last() {
            let why = match failure.error {
                Some(ErrorCode::RestrictedLogonHours) => "the account may not log in at this hour",
                Some(ErrorCode::AccountDisabled) => "the account is disabled",
                Some(ErrorCode::PasswordExpired) => "the password has expired",
                Some(ErrorCode::NoDialinPermission) => "the account has no dial-in permission",
                Some(ErrorCode::ChangingPassword) => "the password could not be changed",
                _ => "user name or password is wrong",
            };
            causes.push(format!(
                "{why}: the authentication{user} is refused with {method} {} (frame {})",
                failure.words, failure.frame
            ));
            if matches!(failure.error, None | Some(ErrorCode::AuthenticationFailure)) {
                causes.push(
                    "the supernode has no secret for this user name in this form (domain, capitals), or \
                     for its own name"
                        .to_owned(),
                );
            }
        } else if let Some(wanted) = &authentication.refused_methods {
            causes.push(format!(
                "no EAP method in common: the peer{user} wants {wanted} ({})",
                authentication.responses
            ));
        } else if authentication.responses.is_empty() {
            let challenger = authentication.challenger;
            let peer = challenger.map_or("the peer", |side| self.names.of(!side));
            causes.push(format!(
                "{peer} never answers the {method} challenge ({}): it has no password for this connection",
                authentication.challenges
            ));
        } else if let Some(end) = self.hung_up(authentication) {
            causes.push(format!(
                "user name or password is wrong: {end} in answer to the {method} response{user} ({}), without a \
                 word of refusal",
                authentication.responses
            ));
            return causes;
        } else {
            causes.push(format!(
                "the {method} response{user} ({}) is never accepted nor refused: the user database \
                 behind the authenticator (RADIUS) does not answer",
                authentication.responses
            ));
        }
        // After a refusal, the end of the link is its consequence.
        if authentication.failures.is_empty() {
            causes.extend(self.broken_off());
        }
        causes
    }

    /// How the authenticator ended everything soon after the response, if it did, as l2tpns does.
    fn hung_up(&self, authentication: &Authentication) -> Option<String> {
        let response = authentication.responses.last()?;
        let tunnel = self.attempt.tunnels.current();
        let session = self.attempt.session();
        let mut stops =
            session.and_then(|it| it.stop.as_ref()).into_iter().chain(tunnel.and_then(|it| it.stop.as_ref()));
        let is_answer = |stop: &&Stop| {
            let begin = stop.frames.begin();
            Some(stop.side) == authentication.challenger
                && begin.is_some_and(|it| it > response && it.time - response.time <= PROMPT)
        };
        stops.find(is_answer).map(|stop| self.stopped(stop))
    }

    pub(super) fn ipcp_up(&self) -> Vec<String> {
        let Some(link) = self.link() else { return Vec::new() };
        let ipcp = &link.ipcp;
        let mut causes = Vec::new();
        for rejected in link.rejected.iter().filter(|rejected| rejected.protocol == Protocol::Ipcp) {
            causes.push(format!(
                "{} does not speak IPCP: it answers with Protocol-Reject ({})",
                self.names.of_some(rejected.by),
                rejected.frames
            ));
        }
        for objection in
            ipcp.objections.iter().filter(|objection| objection.number == IP_ADDRESS && objection.is_reject)
        {
            causes.push(format!(
                "{} has no address to give: it rejects IP-Address ({}); look at its address pool",
                self.names.of_some(objection.by),
                objection.frames
            ));
        }
        for side in Side::ALL {
            let asks = ipcp.wanted[side]
                .as_ref()
                .is_some_and(|(_, options)| options.iter().any(|option| option == "IP-Address 0.0.0.0"));
            let is_named = ipcp
                .objections
                .iter()
                .any(|objection| objection.number == IP_ADDRESS && objection.by == Some(!side));
            if asks && !is_named && ipcp.acknowledged[side].is_none() && !ipcp.requests[!side].is_empty() {
                causes.push(format!(
                    "{} gives {} no address ({}): its address pool is empty, or none is configured",
                    self.names.of(!side),
                    self.names.of(side),
                    ipcp.requests[side]
                ));
            }
        }
        causes.extend(self.negotiation_failed("IPCP", ipcp, link));
        causes.extend(self.broken_off());
        causes
    }
}
