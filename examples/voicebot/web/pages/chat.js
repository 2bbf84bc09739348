// Sends messages without loading the page again. Without this script, the form does.
const form = document.getElementById("chat");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const message = form.elements.message.value;
  const say = (role, text) => {
    const line = document.createElement("li");
    line.className = role;
    line.textContent = text;
    document.getElementById("conversation").append(line);
  };
  const response = await fetch("/api/chat", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": form.elements.csrf_token.value },
    body: JSON.stringify({ message }),
  });
  if (response.status === 401 || response.status === 403) {
    location.reload();
    return;
  }
  const answer = await response.json();
  if (answer.csrf_token) {
    document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = answer.csrf_token; });
  }
  if (answer.error) {
    say("error", answer.error);
    return;
  }
  say("user", message);
  say("assistant", answer.reply);
  form.reset();
});
