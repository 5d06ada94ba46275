//! IKE: what is offered and chosen, and in which form.

use std::collections::BTreeSet;

use l2tpspec_protocol::isakmp::wire::{
    Attribute, AttributeRegistry, Body, Form, Group, Header, Id, NotifyType, Payload, Phase1Class,
    Phase2Class, ProtocolId, Sa, Transform,
};

use super::super::note::{Carrier, Notebook};
use super::super::timing::{Asked, Copies, Measure, Periodic, SECOND};
use super::Ends;
use crate::transcript::connection::Role;
use crate::transcript::layer::{Isakmp, Protection};
use crate::triage::offer;

/// Wireshark's name of the layer.
pub(super) const LAYER: &str = "isakmp";

/// What is remembered of IKE.
#[derive(Debug)]
pub(super) struct Ike {
    copies: Copies,
    probes: Ends<Periodic>,
    asked: Ends<Asked>,
    is_up: bool,
    /// The first Quick Mode; later ones renew.
    first_quick: Option<u32>,
    renewals: BTreeSet<u32>,
    /// Where each end's NAT-D payloads say that its peer and itself are, and in which exchange.
    places: Ends<([u8; 8], Vec<Vec<u8>>)>,
    child: Ages,
}

/// After how long an end replaces what was agreed on.
#[derive(Debug, Default)]
struct Ages {
    /// The ISAKMP SA below which the newest was made, and when.
    newest: Option<([u8; 8], i64)>,
    /// The oldest that nobody has replaced yet.
    longest: i64,
    replaced: Ends<Vec<i64>>,
    frames: Ends<u64>,
}

impl Ages {
    fn occasion(&mut self, now: i64) {
        if let Some((_, since)) = self.newest {
            self.longest = self.longest.max(now - since);
        }
    }

    /// An end begins to replace the newest. Later ones that come at once are another try.
    fn replaces(&mut self, by: Role, cookie: [u8; 8], now: i64, frame: u64) {
        let age = self.newest.filter(|(below, _)| *below == cookie).map(|(_, since)| now - since);
        if let Some(age) = age.filter(|age| *age > SECOND) {
            let all = self.replaced.of_mut(by);
            if all.len() < RENEWALS {
                all.push(age);
                *self.frames.of_mut(by) = frame;
            }
        }
    }

    /// Who deletes it ends it, unless it was replaced just now.
    fn ends(&mut self, now: i64) {
        self.newest = self.newest.filter(|(_, since)| now - since < 5 * SECOND);
    }

    fn measure(&self, role: Role) -> Option<(Measure, u64)> {
        let mut all = self.replaced.of(role).clone();
        all.sort_unstable();
        // A single one, and soon, was somebody's order.
        let is_by_clock = |time: &i64| all.len() > 1 || *time > 60 * SECOND;
        if let Some(time) = all.get(all.len() / 2).copied() {
            if !is_by_clock(&time) {
                return None;
            }
            return Some((Measure::Every { time, by_silence: false, other: None }, *self.frames.of(role)));
        }
        let time = self.longest;
        (time > 0).then_some((Measure::Never { time, silence: time }, 0))
    }
}

impl Default for Ike {
    fn default() -> Self {
        let copies = Copies::answered();
        let (probes, asked, renewals) = (Ends::default(), Ends::default(), BTreeSet::new());
        let (places, child) = (Ends::default(), Ages::default());
        Self { copies, probes, asked, is_up: false, first_quick: None, renewals, places, child }
    }
}

/// Quick Modes that are told from the first.
const RENEWALS: usize = 64;

impl Ike {
    pub(super) fn turn(&mut self) {
        self.probes.turn();
        self.asked.turn();
        self.places.turn();
        self.child.replaced.turn();
        self.child.frames.turn();
    }

    /// After how long an end replaces SAs of phase 2, and a frame that shows it.
    pub(super) fn replacement(&self, role: Role) -> Option<(Measure, u64)> {
        self.child.measure(role)
    }

    pub(super) const fn probes(&self, role: Role) -> &Periodic {
        self.probes.of(role)
    }

    /// There is occasion for a probe of the peer.
    pub(super) fn occasion(&mut self, role: Role, now: i64, silence: i64) {
        if self.is_up {
            self.probes.of_mut(role).occasion(now, silence);
        }
        self.child.occasion(now);
    }

    pub(super) fn see(
        &mut self,
        message: &Isakmp,
        name: &str,
        now: i64,
        silence: i64,
        book: &mut Notebook<'_>,
    ) {
        if message.header.major() != 1 {
            return;
        }
        let (is_copy, left) = self.copies.see(message.digest, book.by, now, book.frame);
        if let Some((by, again, _)) = left {
            book.timed(by, LAYER, "retransmission", Measure::Again(again));
        }
        if is_copy {
            return;
        }
        let name = name.strip_prefix("ike.").unwrap_or(name);
        if name == "fragment" {
            fragment(message, book);
            return;
        }
        if !matches!(message.protection, Protection::Clear | Protection::Opened) {
            return;
        }
        match name.split('.').next() {
            Some("main" | "aggressive") => self.phase1(name, message, book),
            Some("quick") => self.quick(name, message, now, book),
            Some("info") => self.informational(message, now, silence, book),
            _ => {}
        }
    }

    fn phase1(&mut self, name: &str, message: &Isakmp, book: &mut Notebook<'_>) {
        let (mode, number) = name.split_once('.').unwrap_or((name, ""));
        if number == "1" {
            book.alone(LAYER, "phase1.mode", mode);
        }
        let carrier = book.message(LAYER, name);
        common(message, carrier, book);
        for body in bodies(message) {
            match body {
                Body::SecurityAssociation(sa) => {
                    let is_offer = number == "1";
                    book.part(carrier, suites(is_offer), &listed(sa, |_, transform| transform));
                    lifetime(sa, carrier, book);
                    form(sa, "phase1", is_offer, book);
                }
                Body::Identification(id) => book.part(carrier, "identification", &identity(id, false)),
                Body::Nonce(nonce) => book.part(carrier, "nonce_octets", &nonce.len().to_string()),
                _ => {}
            }
        }
        self.place(message, book);
        let vendors = bodies(message).filter_map(|body| match body {
            Body::VendorId(vendor) => Some(vendor_name(vendor)),
            _ => None,
        });
        let vendors = vendors.collect::<Vec<_>>().join("; ");
        // Most send theirs in the first two messages only.
        if !vendors.is_empty() || matches!(number, "1" | "2") {
            book.part(carrier, "vendor_ids", if vendors.is_empty() { "none" } else { &vendors });
        }
    }

    /// A supernode that says that it is elsewhere than the client finds it is behind a translator, or wants everything encapsulated.
    /// Where clients are is nobody's behaviour.
    fn place(&mut self, message: &Isakmp, book: &mut Notebook<'_>) {
        let digests = bodies(message).filter_map(|body| match body {
            Body::NatD(digest) => Some(digest.to_vec()),
            _ => None,
        });
        let digests: Vec<_> = digests.collect();
        if digests.len() < 2 {
            return;
        }
        *self.places.of_mut(book.by) = (message.header.initiator_cookie, digests);
        let (client, supernode) = (self.places.of(Role::Client), self.places.of(Role::Supernode));
        // The cookies are part of what is digested.
        if client.0 != supernode.0 {
            return;
        }
        if let ([seen, ..], [_, own @ ..]) = (client.1.as_slice(), supernode.1.as_slice()) {
            let word = if own.contains(seen) { "where the client finds it" } else { "elsewhere" };
            book.of(Role::Supernode, LAYER, "phase1.place_by_nat_d", word);
        }
    }

    fn quick(&mut self, name: &str, message: &Isakmp, now: i64, book: &mut Notebook<'_>) {
        let has_sa = bodies(message).any(|body| matches!(body, Body::SecurityAssociation(_)));
        // The beginning of the exchange is not in the recording, so that its messages are counted wrong.
        if !has_sa && matches!(name, "quick.1" | "quick.2") {
            return;
        }
        let id = message.header.message_id;
        let first = *self.first_quick.get_or_insert(id);
        self.is_up = true;
        if first != id && self.renewals.len() < RENEWALS {
            self.renewals.insert(id);
        }
        let phase = if first == id { "phase2" } else { "rekey" };
        let name = if first == id { name.to_owned() } else { format!("rekey.{name}") };
        let number = name.rsplit('.').next().unwrap_or_default();
        let cookie = message.header.initiator_cookie;
        match number {
            "1" => self.child.replaces(book.by, cookie, now, book.frame),
            _ => self.child.newest = Some((cookie, now)),
        }
        let carrier = book.message(LAYER, &name);
        common(message, carrier, book);
        let mut identities = ["id_initiator", "id_responder"].into_iter();
        for body in bodies(message) {
            match body {
                Body::SecurityAssociation(sa) => {
                    let is_offer = number == "1";
                    let plain = |_: &_, transform: String| match transform.split_once(", PFS ") {
                        Some((plain, _)) => plain.to_owned(),
                        None => transform,
                    };
                    book.part(carrier, suites(is_offer), &listed(sa, plain));
                    book.part(carrier, "pfs", &pfs(sa));
                    lifetime(sa, carrier, book);
                    encapsulation(sa, phase, book);
                    form(sa, phase, is_offer, book);
                }
                Body::Identification(id) => {
                    if let Some(field) = identities.next() {
                        book.part(carrier, field, &identity(id, true));
                    }
                }
                Body::Nonce(nonce) => book.part(carrier, "nonce_octets", &nonce.len().to_string()),
                _ => {}
            }
        }
    }

    fn informational(&mut self, message: &Isakmp, now: i64, silence: i64, book: &mut Notebook<'_>) {
        for body in bodies(message) {
            match body {
                Body::Notification(notification) => match notification.notify_type {
                    NotifyType::RUThere => {
                        self.probes.of_mut(book.by).done(now, silence, book.frame);
                        if self.asked.of_mut(book.by).ask(now, silence) {
                            book.of(!book.by, LAYER, "answers_dead_peer_detection", "no");
                        }
                    }
                    NotifyType::RUThereAck => {
                        self.asked.of_mut(!book.by).answered();
                        book.alone(LAYER, "answers_dead_peer_detection", "yes");
                    }
                    other if other.number() < 8192 => book.alone(LAYER, "refusal", &other.to_string()),
                    other => {
                        let field = format!(
                            "notification.{}",
                            crate::scenario::vocabulary::normalised(&other.to_string())
                        );
                        book.alone(LAYER, &field, "sent");
                    }
                },
                Body::Delete(delete) if delete.protocol == ProtocolId::Isakmp => {
                    self.is_up = false;
                    self.child.ends(now);
                }
                Body::Delete(_) => self.child.ends(now),
                _ => {}
            }
        }
    }

    /// What is still remembered when the recording ends.
    pub(super) fn schedules(&mut self) -> (bool, Vec<(Role, Vec<i64>, u64)>) {
        (self.copies.is_any, self.copies.end())
    }
}

fn bodies(message: &Isakmp) -> impl Iterator<Item = &Body> {
    message.payloads.iter().map(|payload| &payload.body)
}

const fn suites(is_offer: bool) -> &'static str {
    if is_offer { "offered" } else { "chosen" }
}

/// What every message of an exchange has: its payloads, flags, notifications, reserved fields.
fn common(message: &Isakmp, carrier: Carrier<'_>, book: &mut Notebook<'_>) {
    let mut kinds: Vec<String> = Vec::new();
    for payload in &message.payloads {
        let is_apart = matches!(
            payload.body,
            // What depends on translators, on PFS, and on what is told besides.
            Body::NatOa(_) | Body::KeyExchange(_) | Body::Notification(_) | Body::VendorId(_)
        );
        let kind = payload.kind.abbreviation().to_owned();
        if !is_apart && kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    book.part(carrier, "payloads", &kinds.join("; "));
    let told: Vec<String> = bodies(message)
        .filter_map(|body| match body {
            Body::Notification(notification) => Some(notification.notify_type.to_string()),
            _ => None,
        })
        .collect();
    if !told.is_empty() {
        book.part(carrier, "notifications", &told.join("; "));
    }
    let flags = message.header.flags & !Header::ENCRYPTION;
    if flags != 0 {
        book.part(carrier, "flags", &format!("{flags:#04x}"));
    }
    if message.header.version != 0x10 {
        book.part(carrier, "version", &format!("{}.{}", message.header.major(), message.header.minor()));
    }
    if message.payloads.iter().any(|payload: &Payload| payload.reserved != 0) {
        book.part(carrier, "reserved", "not zero");
    }
}

fn vendor_name(vendor: &l2tpspec_protocol::isakmp::wire::VendorId) -> String {
    let name = match vendor.name() {
        Some(name) => name.to_owned(),
        None => vendor.0.iter().map(|octet| format!("{octet:02x}")).collect(),
    };
    match (vendor.fragmentation_capability(), vendor.known()) {
        (Some(word), _) => format!("{name} {word:08x}"),
        (None, Some(l2tpspec_protocol::isakmp::wire::Known::MsNt5 { version })) => {
            format!("{name} {version}")
        }
        _ => name,
    }
}

fn listed(sa: &Sa, mut edit: impl FnMut(&Sa, String) -> String) -> String {
    let mut all: Vec<String> = Vec::new();
    for transform in offer::transforms(sa) {
        let transform = edit(sa, transform);
        if !all.contains(&transform) {
            all.push(transform);
        }
    }
    all.join("; ")
}

fn transforms(sa: &Sa) -> impl Iterator<Item = (ProtocolId, &Transform)> {
    sa.proposals.iter().flat_map(|proposal| proposal.transforms.iter().map(|it| (proposal.protocol, it)))
}

/// The durations, each with its unit.
fn lifetime(sa: &Sa, carrier: Carrier<'_>, book: &mut Notebook<'_>) {
    let mut all: Vec<String> = Vec::new();
    for (protocol, transform) in transforms(sa) {
        let (life_type, duration) = match protocol {
            ProtocolId::Isakmp => (Phase1Class::LifeType.number(), Phase1Class::LifeDuration.number()),
            _ => (Phase2Class::SaLifeType.number(), Phase2Class::SaLifeDuration.number()),
        };
        let (mut unit, mut told) = ("", Vec::new());
        for attribute in &transform.attributes {
            match attribute.value_u64() {
                Some(1) if attribute.class == life_type => unit = "s",
                Some(2) if attribute.class == life_type => unit = "kB",
                Some(value) if attribute.class == duration => told.push(format!("{value} {unit}")),
                _ => {}
            }
        }
        let told = if told.is_empty() { "none".to_owned() } else { told.join(", ") };
        if !all.contains(&told) {
            all.push(told);
        }
    }
    book.part(carrier, "lifetime", &all.join("; "));
}

fn pfs(sa: &Sa) -> String {
    let groups = transforms(sa).map(|(_, transform)| {
        let group =
            transform.attribute(Phase2Class::GroupDescription.number()).and_then(Attribute::value_u64);
        match group.and_then(|group| u16::try_from(group).ok()) {
            Some(group) => Group::from_number(group).to_string(),
            None => "none".to_owned(),
        }
    });
    groups.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ")
}

/// Behind a translator, by which number UDP encapsulation is asked for.
fn encapsulation(sa: &Sa, phase: &str, book: &mut Notebook<'_>) {
    for (_, transform) in transforms(sa) {
        let mode =
            transform.attribute(Phase2Class::EncapsulationMode.number()).and_then(Attribute::value_u64);
        if let Some(mode @ (3 | 4 | 61443 | 61444)) = mode {
            book.alone(LAYER, &format!("{phase}.udp_encapsulation"), &mode.to_string());
        }
    }
}

/// How an offer is written: numbers, structure, the order and the form of attributes.
fn form(sa: &Sa, phase: &str, is_offer: bool, book: &mut Notebook<'_>) {
    let mut orders: Vec<String> = Vec::new();
    for (protocol, transform) in transforms(sa) {
        let is_phase1 = protocol == ProtocolId::Isakmp;
        // Which attributes there are depends on the cipher and on PFS: what is left out is in what is offered.
        let varies = |class: u16| match is_phase1 {
            true => class == Phase1Class::KeyLength.number(),
            false => {
                [Phase2Class::KeyLength.number(), Phase2Class::GroupDescription.number()].contains(&class)
            }
        };
        let order: Vec<String> = transform
            .attributes
            .iter()
            .filter(|it| !varies(it.class))
            .map(|it| written(protocol, it))
            .collect();
        let order = order.join(", ");
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    let kind = if is_offer { "offer" } else { "choice" };
    book.alone(LAYER, &format!("{phase}.attribute_order_of_{kind}"), &orders.join("; "));
    if !is_offer {
        return;
    }
    if let Some((proposal, transform)) =
        sa.proposals.first().and_then(|it| it.transforms.first().map(|t| (it, t)))
    {
        let numbers = format!("proposals from {}, transforms from {}", proposal.number, transform.number);
        book.alone(LAYER, &format!("{phase}.numbering"), &numbers);
    }
    let count = transforms(sa).count();
    if count > 1 {
        let structure = match sa.proposals.len() {
            1 => "one proposal of many transforms",
            many if many == count => "a proposal for each transform",
            _ => "several proposals of several transforms",
        };
        book.alone(LAYER, &format!("{phase}.structure"), structure);
    }
}

/// The class of an attribute, and how many octets it takes in the long form.
fn written(protocol: ProtocolId, attribute: &Attribute) -> String {
    let name = match AttributeRegistry::of(protocol).class_name(attribute.class) {
        Some(name) => name.to_owned(),
        None => format!("class {}", attribute.class),
    };
    match &attribute.form {
        Form::Basic(_) => name,
        Form::Variable(octets) => format!("{name} in {} octets", octets.len()),
    }
}

/// The kind of an identity with protocol and port. Which ephemeral port it is is chance.
fn identity(id: &Id, is_traffic: bool) -> String {
    let port = match id.port {
        0 => "any port".to_owned(),
        500 | 1701 | 4500 => format!("port {}", id.port),
        other if !is_traffic => format!("port {other}"),
        _ => "an ephemeral port".to_owned(),
    };
    format!("{}, protocol {}, {port}", id.id_type, id.protocol)
}

/// A message in fragments: what the largest piece is.
fn fragment(message: &Isakmp, book: &mut Notebook<'_>) {
    let number = bodies(message).find_map(|body| match body {
        Body::Fragment(fragment) => Some((fragment.number, fragment.is_last())),
        _ => None,
    });
    if number == Some((1, false)) {
        book.alone(LAYER, "fragment_octets", &message.header.length.to_string());
    }
}
