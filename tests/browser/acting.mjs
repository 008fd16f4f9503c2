// What the scripts do alike.

// Presses a button that leads to another page and waits until that page is there: `click` alone ends when the button is pressed,
// and what is read next may still be the page before.
export async function press(page, button) {
  await Promise.all([page.waitForNavigation({ timeout: 60_000 }), button.click()]);
}
