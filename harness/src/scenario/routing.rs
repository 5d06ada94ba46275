//! OSPF in scenarios: routers at both ends, and what is seen of them.

use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::ospf::table::Neighbor as State;
use l2tpspec_protocol::ospf::{Announced, Authenticates, Config, InterfaceConfig};
use serde_json::{Value, json};

use super::model::Do;
use super::net::{Net, Seat};
use super::play::{Done, Play, Stop};
use crate::profile::Profile;
use crate::router::{Router, Shape};
use crate::transcript::connection::Role;

/// The client's LAN.
const LAN: Announced = Announced { network: Ipv4Addr::new(192, 168, 88, 0), length: 24, cost: 10 };
/// What lies behind the supernode.
const MESH: Announced = Announced { network: Ipv4Addr::new(10, 10, 10, 0), length: 24, cost: 10 };

impl Play<'_> {
    /// Starts OSPF over the tunnels of both ends, as their profiles say.
    pub(super) fn start_ospf(&mut self, action: &Do) -> Done {
        for (role, seat) in [(Role::Client, self.net.client), (Role::Supernode, self.net.supernode)] {
            if self.is_foreign(role) {
                self.start_ospf_abroad(role, action)?;
                continue;
            }
            let profile = match role {
                Role::Client => &self.cast.client_profile,
                Role::Supernode => &self.cast.supernode_profile,
            };
            let shape = shape(profile, role, action)?;
            let (router_id, own) = match role {
                Role::Client => (super::net::FORWARDER, LAN),
                Role::Supernode => (self.cast.service.address.value, MESH),
            };
            let area_id = profile.ospf.as_ref().map_or(Ipv4Addr::UNSPECIFIED, |ospf| ospf.area.value);
            let config = Config { router_id, area_id, networks: vec![own], externals: Vec::new() };
            self.net.world.set_routing(seat.host, Router::new(config, shape));
        }
        Ok(())
    }
}

impl Play<'_> {
    /// Starts OSPF where the subject is. Its file has one way to do that.
    fn start_ospf_abroad(&mut self, role: Role, action: &Do) -> Done {
        let is_its = action.argument("password").is_some()
            || role == Role::Client
                && (action.argument("hello").is_some() || action.argument("dead").is_some())
            || action.text("ignore_mtu").is_some_and(|word| word == "both" || word == role.word());
        if is_its {
            let why = "the subject's file has one way to start OSPF, which takes no arguments";
            return Err(Stop::Blocked(why.to_owned()));
        }
        self.tell(role, "ospf.peer").map(|_| ())
    }
}

/// How a profile, and what the scenario changes of it, make an interface of a tunnel.
fn shape(profile: &Profile, role: Role, action: &Do) -> Result<Shape, Stop> {
    let ospf = profile.ospf.as_ref();
    let ospf = ospf.ok_or_else(|| Stop::Blocked(format!("profile `{}` speaks no OSPF", profile.name)))?;
    let (mut hello, mut dead, cost) = (ospf.hello.value.0, ospf.dead.value.0, ospf.cost.value);
    // What the scenario changes is the client's.
    let seconds = |name: &str| action.argument(name).and_then(Value::as_u64).map(Duration::from_secs);
    let is_client = role == Role::Client;
    if let Some(changed) = seconds("hello").filter(|_| is_client) {
        hello = changed;
    }
    if let Some(changed) = seconds("dead").filter(|_| is_client) {
        dead = changed;
    }
    let ignores_mtu = match action.text("ignore_mtu") {
        Some("both") => true,
        Some(word) => word == role.word(),
        None => false,
    };
    let password = match action.argument("password") {
        Some(Value::String(word)) => Some(word.clone()),
        // Another one at each end.
        Some(Value::Bool(true)) => Some(role.word().to_owned()),
        _ => None,
    };
    Ok(Box::new(move |config| InterfaceConfig {
        hello,
        dead,
        cost,
        ignores_mtu,
        authentication: match &password {
            Some(word) => Authenticates::Md5 { key_id: 1, key: word.clone().into_bytes() },
            None => Authenticates::Null,
        },
        ..config
    }))
}

/// A property of the OSPF of an end.
pub(super) fn property(net: &Net, seat: Seat, name: &str) -> Option<Value> {
    let router: &Router = net.world.routing(seat.host)?;
    let ospf = router.ospf();
    match name {
        "count" => Some(json!(ospf.neighbors().count())),
        "state" => {
            let states = ospf.neighbors().map(|(_, _, state)| state);
            Some(json!(word(states.min().unwrap_or(State::Down))))
        }
        "routes" => {
            let routes = ospf.routes().iter();
            Some(routes.map(|route| json!(format!("{}/{}", route.network, route.length))).collect())
        }
        _ => None,
    }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Down => "down",
        State::Attempt => "attempt",
        State::Init => "init",
        State::TwoWay => "two-way",
        State::ExStart => "ex-start",
        State::Exchange => "exchange",
        State::Loading => "loading",
        State::Full => "full",
    }
}
