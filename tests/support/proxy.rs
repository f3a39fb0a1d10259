//! A proxy before PostgreSQL: it counts connections, holds every byte back for as long as a test says, and lets go again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The proxy; it ends when it is dropped, and every connection through it.
pub struct Proxy {
    /// The address of the database behind it, through it.
    pub url: String,
    flows: watch::Sender<bool>,
    opened: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before the database at this address, which names a socket's folder.
    pub async fn before(url: &str) -> Self {
        let config: Config = url.parse().expect("an address");
        let [Host::Unix(folder)] = config.get_hosts() else { panic!("no socket: {url}") };
        let socket = folder.join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (user, name) = (config.get_user().expect("a user"), config.get_dbname().expect("a name"));
        let url = format!("postgres://{user}@127.0.0.1:{port}/{name}");
        let (flows, flowing) = watch::channel(true);
        let opened = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, socket, flowing, opened.clone()));
        Self { url, flows, opened, accepting }
    }

    /// From now on nothing passes; connections are taken, and what is sent waits.
    pub fn stall(&self) {
        self.flows.send_replace(false);
    }

    /// What waited passes, and all that comes.
    pub fn flow(&self) {
        self.flows.send_replace(true);
    }

    /// Connections so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, flowing: watch::Receiver<bool>, opened: Arc<AtomicUsize>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        opened.fetch_add(1, Ordering::SeqCst);
        let (socket, flowing) = (socket.clone(), flowing.clone());
        tokio::spawn(async move {
            // A server that is away is a connection that ends, as without a proxy.
            let Ok(server) = UnixStream::connect(&socket).await else { return };
            let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
            // Either end ends both.
            tokio::select! {
                () = pass(from_client, to_server, flowing.clone()) => {}
                () = pass(from_server, to_client, flowing) => {}
            }
        });
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut flowing: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        // The proxy itself may be gone: then nothing is held back for ever.
        let flows = flowing.wait_for(|flows| *flows).await.is_ok();
        if !flows || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
