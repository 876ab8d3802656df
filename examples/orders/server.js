// The orders of a customer, as JSON: GET /orders?customer=7
const http = require("http");
const { open } = require("./database.js");

const ordersOf = (query, customer) => query("SELECT id, cents FROM orders WHERE customer = ? ORDER BY id", [customer]);

const answer = (query, request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/healthz") return response.end();
  const orders = ordersOf(query, Number(url.searchParams.get("customer")));
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ orders }));
};

open().then((query) => {
  http.createServer((request, response) => answer(query, request, response)).listen(Number(process.env.PORT), "127.0.0.1");
});
