//! The words of scenarios: messages, their fields, named actions, what can be looked at. Every word that a scenario may
//! use stands here or in the codecs' own tables; anything else is an error with a suggestion.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use l2tpspec_protocol::isakmp::wire::{NotifyType, PayloadType, Phase1Class, Phase2Class};
use l2tpspec_protocol::l2tp::wire::{AttributeType, MessageType};
use l2tpspec_protocol::{ospf, ppp};

/// Which messages are meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    layer: String,
    /// `None` for every message of the layer.
    name: Option<String>,
}

impl Selector {
    /// Reads a selector, as in `l2tp.SCCRP`, `lcp.*` or `*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { layer: "*".to_owned(), name: None });
        }
        let (layer, name) = text.split_once('.')?;
        let known = match name {
            "*" => LAYERS.iter().any(|(known, _)| *known == layer),
            _ => MESSAGES.contains(text),
        };
        known.then(|| Self { layer: layer.to_owned(), name: (name != "*").then(|| name.to_owned()) })
    }

    /// Whether a message of this name is meant.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        let (layer, name) = message.split_once('.').unwrap_or((message, ""));
        (self.layer == "*" || self.layer == layer) && self.name.as_deref().is_none_or(|own| own == name)
    }

    /// The layer.
    #[must_use]
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// The message's own name, if one message is meant.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.layer[..], &self.name) {
            ("*", _) => f.write_str("*"),
            (layer, None) => write!(f, "{layer}.*"),
            (layer, Some(name)) => write!(f, "{layer}.{name}"),
        }
    }
}

/// The layers of selectors, and the names of Wireshark's for them.
pub const LAYERS: &[(&str, &str)] = &[
    ("ike", "isakmp"),
    ("nat", "udpencap"),
    ("esp", "esp"),
    ("l2tp", "l2tp"),
    ("lcp", "lcp"),
    ("pap", "pap"),
    ("chap", "chap"),
    ("eap", "eap"),
    ("ipcp", "ipcp"),
    ("ipv6cp", "ipv6cp"),
    ("ccp", "ccp"),
    ("ppp", "ppp"),
    ("ospf", "ospf"),
    ("dns", "dns"),
    ("icmp", "icmp"),
    ("tcp", "tcp"),
    ("udp", "udp"),
];

/// The messages of exchanges, by their place.
const EXCHANGES: &[(&str, usize)] = &[("main", 6), ("aggressive", 3), ("quick", 4)];

/// Every message that can be named.
pub static MESSAGES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names = BTreeSet::new();
    for (exchange, messages) in EXCHANGES {
        names.extend((1..=*messages).map(|number| format!("ike.{exchange}.{number}")));
    }
    names.extend(
        NotifyType::NAMED.iter().filter_map(|kind| kind.name()).map(|name| format!("ike.info.{name}")),
    );
    names.extend(["ike.info.Delete", "ike.info", "ike.transaction", "ike.fragment"].map(str::to_owned));
    names.extend(["nat.keepalive", "esp.packet", "l2tp.ZLB", "l2tp.data"].map(str::to_owned));
    names.extend(MessageType::NAMED.iter().filter_map(|kind| kind.name()).map(|name| format!("l2tp.{name}")));
    for layer in ["lcp", "ipcp", "ipv6cp", "ccp"] {
        let codes = ppp::control::Code::NAMED.iter().filter_map(|code| code.name());
        names.extend(codes.map(|name| format!("{layer}.{name}")));
    }
    names.extend(
        ppp::pap::Code::NAMED.iter().filter_map(|code| code.name()).map(|name| format!("pap.{name}")),
    );
    names.extend(
        ppp::chap::Code::NAMED.iter().filter_map(|code| code.name()).map(|name| format!("chap.{name}")),
    );
    names.extend(
        ppp::eap::Code::NAMED.iter().filter_map(|code| code.name()).map(|name| format!("eap.{name}")),
    );
    let packets = ospf::wire::PacketType::NAMED.iter().filter_map(|kind| kind.name());
    names.extend(packets.map(|name| format!("ospf.{name}")));
    let others = [
        "ppp.frame",
        "dns.query",
        "dns.response",
        "icmp.echo",
        "icmp.echo-reply",
        "icmp.error",
        "tcp.segment",
        "udp.datagram",
    ];
    names.extend(others.map(str::to_owned));
    names
});

/// A name as it stands in a report: lower-case words joined by underscores.
#[must_use]
pub fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_end_matches('_').to_owned()
}

/// The fields of a layer's header and the names of its parts, as RFCs write them.
#[must_use]
pub fn fields(layer: &str) -> Vec<String> {
    let own: &[&str] = match layer {
        "ike" => ISAKMP,
        "esp" => &["security_parameters_index", "sequence_number", "length"],
        "l2tp" => L2TP,
        "lcp" | "ipcp" | "ipv6cp" | "ccp" => PPP,
        "pap" => &["identifier", "length", "peer_id", "password", "message"],
        "chap" => CHAP,
        "eap" => &["identifier", "length", "method", "type", "identity", "value", "name", "message"],
        "ospf" => OSPF,
        "dns" => &[
            "id",
            "is_response",
            "response_code",
            "is_truncated",
            "name",
            "record_type",
            "answers",
            "addresses",
        ],
        "icmp" => &["icmp_type", "code", "identifier", "sequence_number", "data_length"],
        "udp" | "tcp" => &["source_port", "destination_port", "length", "flags"],
        _ => &[],
    };
    let mut names: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
    names.extend(OUTER.iter().map(|name| (*name).to_owned()));
    names.extend(parts(layer).into_iter().map(str::to_owned));
    names
}

/// The named parts of a layer's messages: AVPs, options, payloads, attributes.
#[must_use]
pub fn parts(layer: &str) -> Vec<&'static str> {
    fn named<T: Copy>(all: &[T], name: impl Fn(T) -> Option<&'static str>) -> Vec<&'static str> {
        all.iter().filter_map(|one| name(*one)).collect()
    }
    match layer {
        "l2tp" => named(AttributeType::NAMED, AttributeType::name),
        "lcp" => named(ppp::lcp::OptionType::NAMED, ppp::lcp::OptionType::name),
        "ipcp" => named(ppp::ipcp::OptionType::NAMED, ppp::ipcp::OptionType::name),
        "ipv6cp" => named(ppp::ipv6cp::OptionType::NAMED, ppp::ipv6cp::OptionType::name),
        "ccp" => named(ppp::ccp::OptionType::NAMED, ppp::ccp::OptionType::name),
        "ike" => {
            let mut names = named(PayloadType::NAMED, PayloadType::name);
            names.extend(named(Phase1Class::NAMED, Phase1Class::name));
            names.extend(named(Phase2Class::NAMED, Phase2Class::name));
            names
        }
        _ => Vec::new(),
    }
}

/// Fields of the layers around, of any message.
const OUTER: &[&str] =
    &["source_port", "destination_port", "time_to_live", "source", "destination", "total_length"];

const ISAKMP: &[&str] = &[
    "initiator_cookie",
    "responder_cookie",
    "next_payload",
    "version",
    "exchange_type",
    "flags",
    "message_id",
    "length",
    "protection",
    "proposal_number",
    "number_of_transforms",
    "transform_number",
    "transform_id",
    "notify_message_type",
    "notification_data",
    "sequence_number",
    "id_type",
    "protocol_id",
    "port",
    "address",
    "spi",
    "doi",
];

const L2TP: &[&str] = &[
    "length_bit",
    "sequence_bit",
    "offset_bit",
    "priority_bit",
    "version",
    "length",
    "tunnel_id",
    "session_id",
    "ns",
    "nr",
    "error_code",
    "error_message",
    "mandatory",
    "hidden",
];

const PPP: &[&str] = &[
    "code",
    "identifier",
    "length",
    "mru",
    "magic_number",
    "data",
    "rejected_packet",
    "rejected_protocol",
    "rejected_information",
    "authentication_protocol",
    "algorithm",
    "ip_address",
    "primary_dns_address",
    "secondary_dns_address",
    "interface_identifier",
    "message",
];

const CHAP: &[&str] =
    &["code", "identifier", "length", "value", "name", "message", "error", "retry_allowed", "message_text"];

const OSPF: &[&str] = &[
    "router_id",
    "area_id",
    "hello_interval",
    "router_dead_interval",
    "network_mask",
    "interface_mtu",
    "flags",
    "flag_i",
    "flag_m",
    "flag_ms",
    "dd_sequence_number",
    "neighbors",
    "number_of_lsas",
];

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal [$($key:literal),*],)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What is meant by a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }

            /// What may be said with it.
            #[must_use]
            pub const fn keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*],)* }
            }
        }
    };
}

words! {
    /// What `do` does; in brackets its arguments.
    Macro {
        /// Phase 1 of IKE, and no more.
        Phase1 = "ike.phase1" [],
        /// IKE up to the first pair of ESP SAs, and no more.
        Phase2 = "ike.phase2" [],
        /// Up to the L2TP tunnel, and no more.
        Tunnel = "l2tp.tunnel.open" [],
        /// Up to the L2TP session, and no more.
        Session = "l2tp.session.open" [],
        /// Up to LCP, and no more.
        Lcp = "ppp.lcp" [],
        /// Up to authentication, and no more.
        Authentication = "ppp.authentication" [],
        /// Up to IPCP: the same as `connect`.
        Ppp = "ppp.up" [],
        /// Everything until the client has an address.
        Connect = "connect" ["client"],
        /// Begins to connect and does not wait.
        Begin = "begin" ["client"],
        /// Three pings.
        Ping = "ping" ["from", "to", "size", "fragments", "count"],
        /// A name is asked for.
        Dns = "dns" ["from", "name", "server"],
        /// A transfer over TCP.
        Transfer = "transfer" ["from", "to", "octets"],
        /// SAs are replaced.
        Rekey = "rekey" ["phase", "by"],
        /// The end of everything, said.
        Disconnect = "disconnect" ["client"],
        /// Another client, or the same once more, connects and pings.
        Probe = "probe" [],
        /// A host loses all its state.
        Restart = "restart" ["of"],
        /// Routes of the client through its tunnel.
        Route = "route" ["to", "from"],
        /// The client translates what leaves by its tunnel.
        Masquerade = "masquerade" ["client"],
        /// OSPF over the tunnel.
        OspfPeer = "ospf.peer" ["ignore_mtu", "hello", "dead", "password"],
        /// An end proves itself again.
        Reauthenticate = "reauthenticate" [],
    }
}

words! {
    /// What `check` looks at; in brackets its properties.
    Subject {
        /// ISAKMP SAs.
        Isakmp = "isakmp" ["count"],
        /// Pairs of ESP SAs.
        Esp = "esp" ["count"],
        /// L2TP tunnels.
        Tunnel = "tunnel" ["state", "count", "why"],
        /// L2TP sessions.
        Session = "session" ["state", "count", "why"],
        /// PPP links.
        Ppp = "ppp" ["state", "count", "why", "address", "peer", "mtu", "dns", "user"],
        /// A route.
        Route = "route" ["to", "via"],
        /// OSPF neighbours.
        Ospf = "ospf" ["state", "count", "routes"],
        /// What was set aside since the beginning.
        Refused = "refused" ["count", "last"],
    }
}
