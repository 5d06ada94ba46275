//! The rungs that a connection climbs.

/// How far a connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// Nobody answered anything.
    NothingHeard,
    /// The responder answered an IKE message.
    IkeAnswered,
    /// The responder chose a phase 1 transform.
    ProposalChosen,
    /// Both public Diffie-Hellman values crossed.
    KeyExchanged,
    /// Both ends proved who they are.
    Phase1Up,
    /// A Quick Mode is complete.
    Phase2Up,
    /// Both ends sent ESP.
    EspBothWays,
    /// The L2TP control connection is established.
    TunnelUp,
    /// A call is connected.
    SessionUp,
    /// LCP is opened.
    LcpUp,
    /// The authenticator is satisfied.
    Authenticated,
    /// IPCP is opened.
    IpcpUp,
    /// User packets went in both directions.
    DataBothWays,
    /// Both OSPF routers list each other.
    OspfTwoWay,
    /// The databases of both OSPF routers were exchanged.
    OspfFull,
    /// The end was said.
    Ended,
}

impl Rung {
    /// From the lowest to the highest.
    pub const ALL: [Self; 16] = [
        Self::NothingHeard,
        Self::IkeAnswered,
        Self::ProposalChosen,
        Self::KeyExchanged,
        Self::Phase1Up,
        Self::Phase2Up,
        Self::EspBothWays,
        Self::TunnelUp,
        Self::SessionUp,
        Self::LcpUp,
        Self::Authenticated,
        Self::IpcpUp,
        Self::DataBothWays,
        Self::OspfTwoWay,
        Self::OspfFull,
        Self::Ended,
    ];

    /// The word of the reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NothingHeard => "nothing-heard",
            Self::IkeAnswered => "ike-answered",
            Self::ProposalChosen => "proposal-chosen",
            Self::KeyExchanged => "key-exchanged",
            Self::Phase1Up => "phase1-up",
            Self::Phase2Up => "phase2-up",
            Self::EspBothWays => "esp-both-ways",
            Self::TunnelUp => "tunnel-up",
            Self::SessionUp => "session-up",
            Self::LcpUp => "lcp-up",
            Self::Authenticated => "authenticated",
            Self::IpcpUp => "ipcp-up",
            Self::DataBothWays => "data-both-ways",
            Self::OspfTwoWay => "ospf-two-way",
            Self::OspfFull => "ospf-full",
            Self::Ended => "ended",
        }
    }

    /// The rung of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.word() == word)
    }
}

impl std::fmt::Display for Rung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_its_rung_and_the_order_is_that_of_the_list() {
        for rung in Rung::ALL {
            assert_eq!(Rung::of(rung.word()), Some(rung));
        }
        assert!(Rung::ALL.is_sorted());
        assert_eq!(Rung::of("phase3-up"), None);
    }
}
