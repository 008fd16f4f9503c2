import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Holds PDF files against veraPDF's profiles of PDF/A-3a and PDF/UA-1. Exit code 0: each is valid under both. 1: not. */
public class PdfValidator {
  public static void main(String[] files) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    boolean valid = files.length > 0;
    for (String file : files) {
      for (PDFAFlavour flavour : new PDFAFlavour[] {PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1}) {
        valid &= isValid(file, flavour);
      }
    }
    System.exit(valid ? 0 : 1);
  }

  private static boolean isValid(String file, PDFAFlavour flavour) throws Exception {
    try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(file), flavour);
        PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, true)) {
      ValidationResult result = validator.validate(parser);
      Map<String, String> broken = new LinkedHashMap<>();
      for (TestAssertion one : result.getTestAssertions()) {
        if (one.getStatus() != TestAssertion.Status.PASSED) {
          String rule = one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber();
          broken.putIfAbsent(rule, one.getMessage() + " at " + one.getLocation().getContext());
        }
      }
      System.out.println(
          new File(file).getName() + ": " + flavour + ", " + result.getTotalAssertions() + " checks, "
              + (result.isCompliant() ? "valid" : "NOT VALID"));
      broken.forEach((rule, said) -> System.out.println("  " + rule + " " + said));
      // A file without content would be checked for nothing.
      return result.isCompliant() && result.getTotalAssertions() > 1000;
    }
  }
}
