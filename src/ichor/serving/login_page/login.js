// The login form. The password is sent once and not stored.
//
// The page loads this script before it has a form: Enter is never pressed in a form that nobody listens to, which the
// browser would send by itself.

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const problem = document.getElementById("problem");
  const button = form.querySelector("button");
  const password = form.elements.password;
  button.disabled = true;
  problem.textContent = "";
  try {
    const body = JSON.stringify({ name: form.elements.name.value.trim(), password: password.value });
    const response = await fetch("/login", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const answer = await response.json();
    if (response.ok) {
      location.assign(answer.page);
      return;
    }
    problem.textContent = answer.error;
  } catch {
    problem.textContent = "The server is not responding.";
  }
  button.disabled = false;
  password.value = "";
  password.focus();
});
