//! TLS by rustls, from PEM files.

use crate::error::{Error, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// The TLS configuration of a certificate chain and its private key (PKCS #8, PKCS #1 or SEC 1).
///
/// # Errors
///
/// [`Error::BadRequest`] when a file is not PEM, holds nothing of its kind, or the two do not belong together.
pub fn configuration(certificates: &Path, key: &Path) -> Result<ServerConfig> {
    let refuse = |path: &Path, what: &str, cause: &dyn std::fmt::Display| Error::BadRequest {
        detail: format!("`{}` holds no {what} in PEM form: {cause}", path.display()),
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|e| refuse(certificates, "certificate", &e))?;
    if chain.is_empty() {
        return Err(refuse(certificates, "certificate", &"there is none in it"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| refuse(key, "private key", &e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|e| Error::BadRequest {
            detail: format!(
                "`{}` and `{}` cannot be used together: {e}",
                certificates.display(),
                key.display()
            ),
        })
}
