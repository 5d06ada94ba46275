//! What travels through the tunnel: pings, questions for names, transfers.

use std::net::SocketAddrV4;
use std::time::Duration;

use serde_json::{Value, json};

use super::act::compare;
use super::away;
use super::model::{Do, Matcher, Party};
use super::net::Net;
use super::play::{Done, Play, Stop};
use crate::dns;
use crate::world::icmp::Problem;
use crate::world::tcp::Load;
use crate::world::user::Ping;

impl Play<'_> {
    pub(super) fn ping(&mut self, action: &Do) -> Done {
        let from = self.party(action.text("from"))?;
        let destination = self.address(action.text("to"))?;
        let size = match action.argument("size") {
            Some(Value::String(text)) if text == "mtu" => {
                let mtu = |profile: &crate::profile::Profile| profile.network.mtu.value;
                mtu(&self.cast.client_profile).min(mtu(&self.cast.supernode_profile))
            }
            Some(value) => value.as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or(84),
            None => 84,
        };
        let fragments = action.argument("fragments").and_then(Value::as_bool).unwrap_or(false);
        let count = action.argument("count").and_then(Value::as_u64).unwrap_or(3);
        let all = [("replies".to_owned(), Matcher::Is(json!(count)))];
        if let Some(role) = from.role().filter(|role| self.is_foreign(*role)) {
            let (octets, df) = (size.saturating_sub(28), if fragments { "dont" } else { "do" });
            let said =
                self.shell(role, &format!("ping -n -c {count} -s {octets} -M {df} -W 2 {destination} 2>&1"))?;
            let (Ok(said) | Err(said)) = said;
            let found = away::pinged(&said);
            return compare("the ping", &found, if action.is.is_empty() { &all } else { &action.is });
        }
        let ping = Ping {
            data_octets: usize::from(size.saturating_sub(28)),
            dont_fragment: !fragments,
            count: u16::try_from(count).unwrap_or(3),
            ..Ping::new(destination)
        };
        let (host, wait) =
            (self.net.host(from), ping.interval * u32::from(ping.count) + Duration::from_secs(3));
        let wanted = usize::from(ping.count);
        let id = self.net.world.ping(host, ping);
        let until = self.net.world.now() + wait;
        // Real time is not spent on what cannot come any more.
        self.advance(until, |net| {
            let report = net.world.ping_report(host, id).filter(|_| !net.foreign.is_empty());
            report.is_some_and(|report| report.replies.len() + report.errors.len() >= wanted)
        })?;
        let report = self
            .net
            .world
            .ping_report(host, id)
            .ok_or_else(|| Stop::Blocked("no report of the ping".to_owned()))?;
        let error = report.errors.first().map(|heard| match heard.problem {
            Problem::NetUnreachable => "net unreachable".to_owned(),
            Problem::HostUnreachable => "host unreachable".to_owned(),
            Problem::ProtocolUnreachable => "protocol unreachable".to_owned(),
            Problem::PortUnreachable => "port unreachable".to_owned(),
            Problem::FragmentationNeeded { mtu } => format!("fragmentation needed, mtu {mtu}"),
            Problem::Prohibited => "prohibited".to_owned(),
            Problem::TimeExceeded => "time exceeded".to_owned(),
            Problem::Other { kind, code } => format!("type {kind} code {code}"),
        });
        let first = report.replies.first();
        let found = [
            ("replies", json!(report.replies.len())),
            ("ttl", json!(first.map(|reply| reply.time_to_live))),
            ("from", json!(first.map(|reply| reply.from.to_string()))),
            ("error", json!(error)),
        ];
        compare("the ping", &found, if action.is.is_empty() { &all } else { &action.is })
    }

    /// Asks for a name and waits for the answer.
    pub(super) fn ask(&mut self, action: &Do) -> Done {
        const ID: u16 = 0x4d53;
        let from = self.party(action.text("from"))?;
        let server = self.address(Some(action.text("server").unwrap_or("resolver")))?;
        let name = action.text("name").ok_or_else(|| Stop::Blocked("no `name` to ask for".to_owned()))?;
        let query = dns::query(ID, name).ok_or_else(|| Stop::Blocked(format!("`{name}` is no name")))?;
        let answered = [("answered".to_owned(), Matcher::Is(json!(true)))];
        let is = if action.is.is_empty() { &answered[..] } else { &action.is };
        if let Some(role) = from.role().filter(|role| self.is_foreign(*role)) {
            let (Ok(said) | Err(said)) =
                self.shell(role, &format!("busybox nslookup -type=a {name} {server} 2>&1"))?;
            return compare("the query", &away::asked(&said), is);
        }
        let host = self.net.host(from);
        let socket = self.net.world.bind_udp(host, None);
        let socket = socket.ok_or_else(|| Stop::Blocked("no port is free".to_owned()))?;
        self.net.world.send_udp(host, socket, SocketAddrV4::new(server, dns::PORT), &query);
        let until = self.net.world.now() + Duration::from_secs(10);
        let mut answer = None;
        while answer.is_none() && self.net.world.now() < until {
            let next = (self.net.world.now() + Duration::from_millis(50)).min(until);
            self.advance(next, |_| false)?;
            let received = self.net.world.receive_udp(host, socket);
            answer =
                received.and_then(|received| dns::answer(&received.octets)).filter(|answer| answer.id == ID);
        }
        self.net.world.close_udp(host, socket);
        let first = answer.as_ref().and_then(|answer| answer.addresses.first());
        let found = [
            ("answered", json!(answer.is_some())),
            ("code", json!(answer.as_ref().map(|answer| &answer.code))),
            ("address", json!(first.map(ToString::to_string))),
        ];
        compare("the query", &found, is)
    }

    pub(super) fn transfer(&mut self, action: &Do) -> Done {
        let from = self.party(action.text("from"))?;
        let address = self.address(action.text("to"))?;
        let to = match action.text("to").unwrap_or("supernode") {
            "resolver" => Party::Resolver,
            "client" => Party::Client,
            _ => Party::Supernode,
        };
        if [from, to].iter().filter_map(|party| party.role()).any(|role| self.is_foreign(role)) {
            return Err(Stop::Blocked("an end that is elsewhere has nobody for a transfer".to_owned()));
        }
        let octets = action.argument("octets").and_then(Value::as_u64).unwrap_or(100_000);
        let load = Load { send: octets, receive: octets };
        let (client, server) = (self.net.host(from), self.net.host(to));
        let transfer = self.net.world.transfer(client, server, SocketAddrV4::new(address, 8080), load);
        let transfer =
            transfer.ok_or_else(|| Stop::Failed("there is no way to begin the transfer".to_owned()))?;
        let until = self.net.world.now() + action.within;
        let report = |net: &Net| net.world.transfer_report(transfer.client.0, transfer.client.1).cloned();
        self.advance(until, |net| {
            report(net).is_some_and(|report| report.finished_at.is_some() || report.is_broken)
        })?;
        let report =
            report(&self.net).ok_or_else(|| Stop::Blocked("no report of the transfer".to_owned()))?;
        let found = [
            ("finished", json!(report.finished_at.is_some() && report.first_wrong.is_none())),
            ("broken", json!(report.is_broken)),
            ("received", json!(report.received)),
        ];
        let done = [("finished".to_owned(), Matcher::Is(json!(true)))];
        compare("the transfer", &found, if action.is.is_empty() { &done } else { &action.is })
    }
}
