// The login form. The password is sent once and not stored.
//
// The button is disabled until this script listens: the browser would send a form that nobody listens to by itself,
// and would put the password into the address if its method were not "post".

const form = document.getElementById("login");
const problem = document.getElementById("problem");
const button = form.querySelector("button");
const password = form.elements.password;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
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

button.disabled = false;
