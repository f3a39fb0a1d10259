//! The HTTP server: where it listens, what it lets a client take, and how it stops.
//!
//! A client that is slow or silent costs a bounded time: for a request's head, for its body, and for an answer that it
//! does not read.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::web::auth::bells::watch_doors;
use crate::web::proxies::Proxies;
use crate::web::shared::{Rooms, Shared};
use crate::web::{access_log, headers, routes};

/// An answer is sent on when so much of it has gathered, in bytes. A stream keeps a buffer of this size and one event for as
/// long as it is open; with the usual 32 KiB, whoever once came with a backlog held 64 KiB from then on.
const GATHERED_BYTES: usize = 2 * 1_024;

/// How the server behaves. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Threads that serve connections.
    pub threads: usize,
    /// Most connections of one thread at one time; more wait in the system's queue.
    pub connections_max: usize,
    /// Most live streams of one address at one time.
    pub streams_per_address_max: u32,
    /// Requests a second of one token or session, and of one address without any; streams are not counted.
    pub requests_per_second: u32,
    /// How many of them may come at once after a quiet time.
    pub requests_burst: u32,
    /// Who is believed where they say whom they had a request from.
    pub trusted_proxies: Proxies,
    /// Longest time for a request's head to arrive.
    pub request_head_ms_max: u64,
    /// How long an idle connection is kept.
    pub keep_alive_ms: u64,
    /// How long a client may leave an answer unread before its connection is closed.
    pub unread_ms_max: u32,
    /// Most MiB of disk that files of exports take until they are sent, those of one organisation half of it at most.
    pub export_files_mib_max: u32,
    /// Longest time for open requests to end when the server stops.
    pub stop_ms_max: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            threads: 2,
            connections_max: 25_000,
            streams_per_address_max: 20_000,
            requests_per_second: 100,
            requests_burst: 200,
            trusted_proxies: Proxies::default(),
            request_head_ms_max: 10_000,
            keep_alive_ms: 75_000,
            unread_ms_max: 60_000,
            export_files_mib_max: 8_192,
            stop_ms_max: 10_000,
        }
    }
}

/// Where a browser on this machine reaches whoever listens there: what stands for every address is no place to go to.
#[must_use]
pub fn reached_at(listening: SocketAddr) -> SocketAddr {
    match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, listening.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, listening.port()).into(),
        _ => listening,
    }
}

/// A server that runs.
pub struct Running {
    /// Where it listens; the port is a real one also where 0 was asked for.
    pub address: SocketAddr,
    handle: ServerHandle,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Stops: takes no new connections, ends the streams, and waits for open requests as long as the settings say.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        self.handle.stop(true).await;
    }
}

/// Takes the address that the settings name.
///
/// # Errors
/// Where it cannot be bound, naming it.
pub fn bind(settings: &ServerSettings) -> io::Result<TcpListener> {
    TcpListener::bind(settings.listen).map_err(|error| {
        let words = format!("cannot listen on {}: {error}; another address is named with --listen", settings.listen);
        io::Error::new(error.kind(), words)
    })
}

/// Starts the server on the address that was taken; the second part must be awaited (spawned) for it to run, and ends when
/// it has stopped.
///
/// # Errors
/// Where the listener cannot be used.
pub fn start(settings: &ServerSettings, listener: TcpListener, rooms: Rooms) -> io::Result<(Running, Server)> {
    let address = listener.local_addr()?;
    take_room(settings.threads.saturating_mul(settings.connections_max));
    let (stop, stopped) = watch::channel(false);
    let shared = Data::new(Shared::new(rooms, settings, stopped.clone()));
    actix_web::rt::spawn(watch_doors(shared.bells.clone(), shared.rooms.store.clone(), stopped));
    let unread_ms_max = settings.unread_ms_max;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .configure(routes::configure)
            .wrap(headers::security())
            .wrap(from_fn(access_log::record))
    })
    .on_connect(move |connection, _| {
        if let Some(connection) = connection.downcast_ref::<TcpStream>() {
            give_up_on_unread(connection, unread_ms_max);
        }
    })
    .workers(settings.threads)
    .max_connections(settings.connections_max)
    .client_request_timeout(Duration::from_millis(settings.request_head_ms_max))
    .keep_alive(Duration::from_millis(settings.keep_alive_ms))
    .h1_write_buffer_size(GATHERED_BYTES)
    // A subscriber that hangs up is gone at once, not at the next keepalive.
    .h1_allow_half_closed(false)
    .shutdown_timeout(settings.stop_ms_max.div_ceil(1_000))
    .disable_signals()
    .listen(listener)?
    .run();
    Ok((Running { address, handle: server.handle(), stop }, server))
}

/// Takes the descriptors that so many connections need, as far as the hard limit allows: the soft one is usually 1,024,
/// and the server would refuse the browsers beyond it.
fn take_room(connections: usize) {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    // The database, the provider and files need some too.
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(256);
    let taken = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let room = wanted.min(hard).max(soft);
        setrlimit(Resource::RLIMIT_NOFILE, room, hard).map(|()| room)
    });
    match taken {
        Ok(room) => log::debug!("room for {room} descriptors; {wanted} are as many as the settings can need"),
        Err(error) => log::debug!("no more room for connections: {error}"),
    }
}

/// Has the system close a connection whose other end takes nothing for that long. A connection that is blocked on its
/// reader is not polled, so that no timer of ours could end it.
#[cfg(target_os = "linux")]
fn give_up_on_unread(connection: &TcpStream, ms_max: u32) {
    use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
    if let Err(error) = setsockopt(connection, TcpUserTimeout, &ms_max) {
        log::debug!("no time limit for unread answers: {error}");
    }
}

/// Elsewhere the system's own limit holds.
#[cfg(not(target_os = "linux"))]
fn give_up_on_unread(_: &TcpStream, _: u32) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_an_address_that_a_browser_can_go_to() {
        for (listening, reached) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:81", "[::1]:81"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reached_at(listening.parse().expect("an address")).to_string(), reached);
        }
    }
}
