//! A way over TLS to a server, for a client that speaks HTTP in the clear.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

/// Passes on what comes to it over TLS, to a server whose certificate an authority vouches for.
pub struct Tunnel {
    /// Where it begins.
    pub base: String,
    runtime: Option<Runtime>,
}

impl Tunnel {
    pub fn to(server: SocketAddr, authority: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(passed_on(client, server, connector.clone()));
            }
        });
        Self { base, runtime: Some(runtime) }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn passed_on(client: TcpStream, server: SocketAddr, connector: TlsConnector) -> std::io::Result<()> {
    let name = ServerName::from(server.ip());
    let server = connector.connect(name, TcpStream::connect(server).await?).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let there = async {
        let (mut part, mut is_taken) = (vec![0; 64 * 1024], true);
        loop {
            let length = from_client.read(&mut part).await?;
            if length == 0 {
                return if is_taken { to_server.shutdown().await } else { Ok(()) };
            }
            // A server that has answered reads no more, and its answer is on its way.
            is_taken = is_taken && to_server.write_all(&part[..length]).await.is_ok();
        }
    };
    let back = async {
        let copied = tokio::io::copy(&mut from_server, &mut to_client).await;
        to_client.shutdown().await?;
        copied
    };
    let (there, back) = tokio::join!(there, back);
    there.and(back.map(drop))
}
