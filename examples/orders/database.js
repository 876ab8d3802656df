// SQLite in memory, with a span around each statement as OpenTelemetry's conventions for databases have it.
const { SpanKind, trace } = require("@opentelemetry/api");
const initSqlJs = require("sql.js");

const tracer = trace.getTracer("orders");

exports.open = async () => {
  const SQL = await initSqlJs();
  const database = new SQL.Database();
  database.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, cents INTEGER)");
  for (let id = 0; id < 500; id++) database.run("INSERT INTO orders VALUES (?, ?, ?)", [id, id % 25, 100 + id]);
  return (text, values) => {
    const attributes = { "db.system.name": "sqlite", "db.query.text": text };
    return tracer.startActiveSpan("SELECT orders", { kind: SpanKind.CLIENT, attributes }, (span) => {
      const [found] = database.exec(text, values);
      span.end();
      return found ? found.values : [];
    });
  };
};
