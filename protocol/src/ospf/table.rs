//! The state machines of a point-to-point interface (RFC 2328 section 9.3) and of a neighbour on it (section 10.3).

/// The state of a neighbour, from the lowest to the highest (section 10.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Neighbor {
    /// Nothing was heard of it lately.
    Down,
    /// Nothing was heard, and it is called upon; on networks without broadcast only.
    Attempt,
    /// It was heard, and has not heard us.
    Init,
    /// Each hears the other.
    TwoWay,
    /// Who leads the exchange is being settled.
    ExStart,
    /// Databases are being described.
    Exchange,
    /// What is missing is being asked for.
    Loading,
    /// The databases are the same.
    Full,
}

impl Neighbor {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Down,
        Self::Attempt,
        Self::Init,
        Self::TwoWay,
        Self::ExStart,
        Self::Exchange,
        Self::Loading,
        Self::Full,
    ];
}

/// What can happen to a neighbour (section 10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeighborEvent {
    /// A Hello came.
    HelloReceived,
    /// Hellos are to be sent to it.
    Start,
    /// Its Hello lists us.
    TwoWayReceived,
    /// Who leads is settled.
    NegotiationDone,
    /// Both databases are described.
    ExchangeDone,
    /// It asks for what is not there.
    BadLsReq,
    /// Nothing is missing any more.
    LoadingDone,
    /// Whether to be adjacent is to be decided anew.
    AdjOk,
    /// Its description does not fit.
    SeqNumberMismatch,
    /// Its Hello does not list us.
    OneWay,
    /// It cannot be reached any more.
    KillNbr,
    /// It was not heard for `RouterDeadInterval`.
    InactivityTimer,
    /// The link is down.
    LlDown,
}

impl NeighborEvent {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::HelloReceived,
        Self::Start,
        Self::TwoWayReceived,
        Self::NegotiationDone,
        Self::ExchangeDone,
        Self::BadLsReq,
        Self::LoadingDone,
        Self::AdjOk,
        Self::SeqNumberMismatch,
        Self::OneWay,
        Self::KillNbr,
        Self::InactivityTimer,
        Self::LlDown,
    ];
}

/// What a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Whether an adjacency is to be formed; on a point-to-point link it always is (OSPF-2328-10.4-a).
    pub wants_adjacency: bool,
    /// Whether anything is missing that has to be asked for.
    pub has_requests: bool,
}

/// The next state of a neighbour, or the same one. An event that has no place in a state changes nothing.
#[must_use]
pub fn neighbor(state: Neighbor, event: NeighborEvent, conditions: Conditions) -> Neighbor {
    use Neighbor as S;
    use NeighborEvent as E;
    match (event, state) {
        (E::Start, S::Down) => S::Attempt,
        (E::HelloReceived, S::Down | S::Attempt) => S::Init,
        (E::TwoWayReceived, S::Init) if conditions.wants_adjacency => S::ExStart,
        (E::TwoWayReceived, S::Init) => S::TwoWay,
        (E::NegotiationDone, S::ExStart) => S::Exchange,
        (E::ExchangeDone, S::Exchange) if conditions.has_requests => S::Loading,
        (E::ExchangeDone, S::Exchange) | (E::LoadingDone, S::Loading) => S::Full,
        (E::AdjOk, S::TwoWay) if conditions.wants_adjacency => S::ExStart,
        (E::AdjOk, S::ExStart | S::Exchange | S::Loading | S::Full) if !conditions.wants_adjacency => {
            S::TwoWay
        }
        (E::SeqNumberMismatch | E::BadLsReq, S::Exchange | S::Loading | S::Full) => S::ExStart,
        (E::OneWay, S::TwoWay | S::ExStart | S::Exchange | S::Loading | S::Full) => S::Init,
        (E::KillNbr | E::InactivityTimer | E::LlDown, _) => S::Down,
        (
            E::HelloReceived
            | E::Start
            | E::TwoWayReceived
            | E::NegotiationDone
            | E::ExchangeDone
            | E::BadLsReq
            | E::LoadingDone
            | E::AdjOk
            | E::SeqNumberMismatch
            | E::OneWay,
            state,
        ) => state,
    }
}

/// The state of a point-to-point interface (section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interface {
    /// Nothing is sent or taken.
    Down,
    /// It is looped back.
    Loopback,
    /// It works.
    PointToPoint,
}

/// What can happen to an interface (section 9.2); the events of networks with a designated router are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterfaceEvent {
    /// It works.
    InterfaceUp,
    /// It is looped back.
    LoopInd,
    /// It is looped back no more.
    UnloopInd,
    /// It works no more.
    InterfaceDown,
}

/// The next state of an interface, or the same one.
#[must_use]
pub const fn interface(state: Interface, event: InterfaceEvent) -> Interface {
    use Interface as S;
    use InterfaceEvent as E;
    match (event, state) {
        (E::InterfaceUp, S::Down) => S::PointToPoint,
        (E::InterfaceDown, _) | (E::UnloopInd, S::Loopback) => S::Down,
        (E::LoopInd, _) => S::Loopback,
        (E::InterfaceUp | E::UnloopInd, state) => state,
    }
}
