//! A signed checkpoint as a QR code: on paper it stays where nobody who owns the server can reach it.
//!
//! Whoever scans it has the whole note; `driftledger verify PACK --checkpoint FILE` holds it against a pack.

use qrcode::{Color, EcLevel, QrCode};

/// Modules left empty round the code, which readers need.
const QUIET: usize = 4;

/// The note as a square drawing; `None` for a note that is too long for any code (more than 2,331 bytes).
pub fn drawing(note: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(note, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (row, line) in code.to_colors().chunks(width).enumerate() {
        let mut column = 0;
        while column < width {
            let run = line[column..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", column + QUIET, row + QUIET));
            }
            column += run.max(1);
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"The signed checkpoint as a QR code\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_fits_and_a_book_does_not() {
        let note = "example.org/driftledger/0192\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
                    \u{2014} example.org/driftledger/0192 x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let svg = drawing(note).unwrap();
        // The three finder patterns begin with seven dark modules in a row, 4 from the edge.
        assert!(svg.contains("M4 4h7v1h-7z"), "{svg}");
        assert!(drawing(&"x".repeat(3_000)).is_none());
    }
}
