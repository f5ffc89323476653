//! TLS 1.3 and 1.2: the certificate that callers see, the authorities whose certificates callers may have, and how both
//! are read again when their files change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::files::{self, FilesError};

/// What is spoken over TLS, the better first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The files of a listener that speaks TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// The certificate of this service, PEM, those that lead to its authority after it.
    pub certificate: PathBuf,
    /// Its key, PEM, readable by its owner alone.
    pub key: PathBuf,
    /// The authorities whose certificates callers may have, PEM; nobody is asked for one where there are none.
    pub client_ca: Option<PathBuf>,
    /// What these authorities revoked, PEM.
    pub client_crl: Option<PathBuf>,
}

/// Why files do not make a listener that speaks TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{}` holds no {what} in PEM: {cause}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// Somebody else may read or change the key.
    #[error(transparent)]
    Key(#[from] FilesError),
    /// The certificate cannot be used with the key.
    #[error("the certificate `{}` cannot be used with the key `{}`: {cause}", certificate.display(), key.display())]
    Unusable {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// What is wrong.
        cause: rustls::Error,
    },
    /// The authorities of callers cannot be used.
    #[error("the authorities in `{}`, with what they revoked, cannot be used: {cause}", path.display())]
    Authorities {
        /// Their file.
        path: PathBuf,
        /// What is wrong.
        cause: VerifierBuilderError,
    },
    /// An authority cannot be used.
    #[error("`{}` holds an authority that cannot be used: {cause}", path.display())]
    Authority {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        cause: rustls::Error,
    },
}

/// What the files hold, as it was read.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
    client_crl: Option<Vec<u8>>,
}

/// What a listener needs to speak TLS, as its files last were when they were good.
pub struct Tls {
    files: TlsFiles,
    read: Mutex<Contents>,
    in_force: RwLock<Arc<InForce>>,
}

/// What the files make of a connection, and who verifies the certificates of callers.
pub(super) struct InForce {
    pub(super) config: Arc<ServerConfig>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

/// The certificate of the other end of a connection, with those that lead to its authority: verified when the connection
/// began, and again once the files say something else.
pub(super) struct CallerCertificate {
    tls: Arc<Tls>,
    own: Arc<CertificateDer<'static>>,
    others: Vec<CertificateDer<'static>>,
    verified: Mutex<Verified>,
}

/// By which files a certificate was verified last, and whether it held.
struct Verified {
    by: Arc<InForce>,
    holds: bool,
}

impl CallerCertificate {
    /// The certificate that a handshake showed, where it showed one.
    pub(super) fn of(tls: &Arc<Tls>, by: Arc<InForce>, shown: Option<&[CertificateDer<'_>]>) -> Option<Self> {
        let mut chain = shown?.iter().map(|certificate| certificate.clone().into_owned());
        let own = Arc::new(chain.next()?);
        let verified = Mutex::new(Verified { by, holds: true });
        Some(Self { tls: Arc::clone(tls), own, others: chain.collect(), verified })
    }

    /// The certificate; nothing once its authority is not named any more, or what it revoked names it.
    pub(super) fn held(&self) -> Option<Arc<CertificateDer<'static>>> {
        let by = self.tls.in_force();
        let mut verified: MutexGuard<'_, Verified> = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&verified.by, &by) {
            let verify = |verifier: &Arc<dyn ClientCertVerifier>| {
                verifier.verify_client_cert(&self.own, &self.others, UnixTime::now()).is_ok()
            };
            let holds = by.verifier.as_ref().is_some_and(verify);
            *verified = Verified { by, holds };
        }
        verified.holds.then(|| Arc::clone(&self.own))
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// A [`TlsError`] that names the file that is missing, open to others or not what it should be.
    pub fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let read = files.read()?;
        let in_force = RwLock::new(Arc::new(files.in_force(&read)?));
        Ok(Self { files, read: Mutex::new(read), in_force })
    }

    /// Reads the files again; whether something in them changed. Connections that are made from now on use what they
    /// hold, and certificates of callers that are connected are verified by it.
    ///
    /// # Errors
    /// A [`TlsError`], and what was read before stays.
    pub fn read_again(&self) -> Result<bool, TlsError> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.files.read()?;
        if *known == read {
            return Ok(false);
        }
        let in_force = Arc::new(self.files.in_force(&read)?);
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = in_force;
        *known = read;
        Ok(true)
    }

    /// What the next connection uses.
    pub(super) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn contents(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|cause| TlsError::Unreadable { path: path.to_owned(), cause })
}

/// Every section of a kind in the contents of a file, at least one.
fn sections<T: PemObject>(path: &Path, contents: &[u8], what: &'static str) -> Result<Vec<T>, TlsError> {
    let not_pem = |cause| TlsError::NotPem { path: path.to_owned(), what, cause };
    let sections: Vec<T> = T::pem_slice_iter(contents).collect::<Result<_, _>>().map_err(not_pem)?;
    if sections.is_empty() { Err(not_pem(pem::Error::NoItemsFound)) } else { Ok(sections) }
}

impl TlsFiles {
    fn read(&self) -> Result<Contents, TlsError> {
        files::check_secret(&self.key)?;
        Ok(Contents {
            certificate: contents(&self.certificate)?,
            key: contents(&self.key)?,
            client_ca: self.client_ca.as_deref().map(contents).transpose()?,
            client_crl: self.client_crl.as_deref().map(contents).transpose()?,
        })
    }

    fn in_force(&self, read: &Contents) -> Result<InForce, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let unusable =
            |cause| TlsError::Unusable { certificate: self.certificate.clone(), key: self.key.clone(), cause };
        let chain = sections::<CertificateDer<'static>>(&self.certificate, &read.certificate, "certificate")?;
        let key = sections::<PrivateKeyDer<'static>>(&self.key, &read.key, "private key")?.swap_remove(0);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let verifier = match (&self.client_ca, &read.client_ca) {
            (Some(path), Some(authorities)) => Some(self.callers(path, authorities, read, provider)?),
            _ => None,
        };
        let builder = match &verifier {
            Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        if verifier.is_some() {
            // A session that is taken up again brings its certificate along without anybody verifying it.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(InForce { config: Arc::new(config), verifier })
    }

    /// Who verifies the certificates of callers. Without one there is a connection all the same: what it may do is said
    /// in HTTP.
    fn callers(
        &self,
        path: &Path,
        authorities: &[u8],
        read: &Contents,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        for authority in sections::<CertificateDer<'static>>(path, authorities, "certificate")? {
            roots.add(authority).map_err(|cause| TlsError::Authority { path: path.to_owned(), cause })?;
        }
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).allow_unauthenticated();
        if let (Some(path), Some(revoked)) = (&self.client_crl, &read.client_crl) {
            let lists =
                sections::<CertificateRevocationListDer<'static>>(path, revoked, "list of revoked certificates")?;
            // Certificates of authorities that publish no list are taken: the file says what is known to be revoked.
            builder = builder.with_crls(lists).allow_unknown_revocation_status();
        }
        builder.build().map_err(|cause| TlsError::Authorities { path: path.to_owned(), cause })
    }
}
