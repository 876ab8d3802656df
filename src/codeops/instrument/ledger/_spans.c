/* The way of a span through the ledger, for the case that is nearly all of them: a recorded span that carries no labels
 * but its route and no models' tokens. Whatever is special is handed to the same functions in Python that do all of it
 * where there is no C: `begin` and `finish` in accounting.py, whose order of steps is kept here.
 */
#include "_ledger.h"

#include <math.h>
#include <structmember.h>

#define MOST_LOST 100 /* as in lost.py */
#define MOST_PARTS 64 /* as in accounting.py */
#define MOST_LABELS 32 /* this and those below as in owner.py */
#define LONGEST_LABEL 256
#define MOST_LINES 500

/* ------------------------------------------------------------------ owners */

typedef struct {
    Account account;
    PyObject *name, *tree, *own, *drained, *drained_ns;
    char is_root, is_seen;
} Owner;

static PyTypeObject OwnerType;

static int owner_init(Owner *owner, PyObject *args, PyObject *kwargs) {
    PyObject *name, *tree, *own;
    int is_root;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "Owner takes no keywords");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OOOp:Owner", &name, &tree, &own, &is_root)) {
        return -1;
    }
    Py_XSETREF(owner->name, Py_NewRef(name));
    Py_XSETREF(owner->tree, Py_NewRef(tree));
    Py_XSETREF(owner->own, Py_NewRef(own));
    Py_XSETREF(owner->drained_ns, PyLong_FromLong(0));
    owner->is_root = (char)is_root;
    return owner->drained_ns == NULL ? -1 : 0;
}

static int owner_traverse(Owner *owner, visitproc visit, void *arg) {
    Py_VISIT(owner->tree);
    Py_VISIT(owner->own);
    Py_VISIT(owner->drained);
    return codeops_AccountType.tp_traverse((PyObject *)owner, visit, arg);
}

static int owner_clear(Owner *owner) {
    Py_CLEAR(owner->name);
    Py_CLEAR(owner->tree);
    Py_CLEAR(owner->own);
    Py_CLEAR(owner->drained);
    Py_CLEAR(owner->drained_ns);
    return codeops_AccountType.tp_clear((PyObject *)owner);
}

static void owner_dealloc(Owner *owner) {
    PyObject_GC_UnTrack(owner);
    Py_CLEAR(owner->name);
    Py_CLEAR(owner->tree);
    Py_CLEAR(owner->own);
    Py_CLEAR(owner->drained);
    Py_CLEAR(owner->drained_ns);
    PyObject_GC_Track(owner); /* the base type takes it out itself */
    codeops_AccountType.tp_dealloc((PyObject *)owner);
}

static PyMemberDef owner_members[] = {
    {"name", T_OBJECT, offsetof(Owner, name), 0, "Name of the span."},
    {"tree", T_OBJECT, offsetof(Owner, tree), 0, "The tree that the span belongs to."},
    {"own", T_OBJECT, offsetof(Owner, own), 0, "Labels beside those of the tree."},
    {"drained", T_OBJECT, offsetof(Owner, drained), 0, "Lines that are in the totals already."},
    {"drained_ns", T_OBJECT, offsetof(Owner, drained_ns), 0, "CPU that is in the totals already."},
    {"is_root", T_BOOL, offsetof(Owner, is_root), READONLY, "Whether the span is a local root."},
    {"is_seen", T_BOOL, offsetof(Owner, is_seen), 0, "Whether it was open at the last report."},
    {NULL},
};

static PyTypeObject OwnerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "codeops.instrument.ledger._native.Owner",
    .tp_doc = "What one span consumes by itself; see owner.py.",
    .tp_basicsize = sizeof(Owner),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_base = &codeops_AccountType,
    .tp_init = (initproc)owner_init,
    .tp_dealloc = (destructor)owner_dealloc,
    .tp_traverse = (traverseproc)owner_traverse,
    .tp_clear = (inquiry)owner_clear,
    .tp_members = owner_members,
};

/* ----------------------------------------------------------------- settings */

/* What `spans` was told; all strong, NULL while nobody is accounting. */
static struct {
    PyObject *begin;       /* begin(span, parent_context): the whole way, in Python */
    PyObject *finish;      /* finish(span): the same at the end */
    PyObject *complain;    /* complain(exception) */
    PyObject *turns;       /* of the accounting */
    PyObject *special;     /* frozenset: attributes that need the whole way */
    PyObject *epoch;
    PyObject *tree, *part; /* new ones, as Python makes them: those that are made here are like them */
    PyObject *make_part;   /* make_part(tree, name, own): the same where there are many */
    PyObject *lost;        /* tuple: what dropped trees left; while there is much of it, it is put away, which Python does */
    PyObject *tenant;      /* tenant(): of the request that begins */
    PyObject *memory;      /* the meter of the memory, or None */
    PyObject *memory_line;
    PyObject *request;     /* request(owner, memory): adds to a local root what was counted for the request as a whole */
    PyObject *rates;       /* or None */
    PyObject *known;       /* dict: what one of a line costs, None where that has no price; empty without rates */
    PyObject *price;       /* price(lines, attributes, rates, tree): writes usage; what it costs */
    PyObject *sums;        /* dict of rows by root, name and labels */
    PyObject *totals;      /* whose `sum` makes rows */
    PyObject *take;        /* take(part, row) */
    PyObject *flush;       /* flush(tree): moves all its parts into rows */
    PyObject *is_tenant_required;
    PyObject *cost_ns;     /* currency units for a nanosecond; NaN: unpriced, below zero: no price book */
} told;

static double cost_ns;

static const struct {
    const char *name;
    PyObject **place;
} wishes[] = {
    {"begin", &told.begin}, {"finish", &told.finish}, {"complain", &told.complain}, {"turns", &told.turns},
    {"special", &told.special}, {"epoch", &told.epoch}, {"tree", &told.tree}, {"part", &told.part},
    {"make_part", &told.make_part}, {"lost", &told.lost}, {"tenant", &told.tenant}, {"memory", &told.memory}, {"memory_line", &told.memory_line},
    {"request", &told.request}, {"rates", &told.rates}, {"known", &told.known}, {"price", &told.price}, {"sums", &told.sums}, {"totals", &told.totals},
    {"take", &told.take}, {"flush", &told.flush}, {"is_tenant_required", &told.is_tenant_required}, {"cost_ns", &told.cost_ns},
};
#define N_WISHES (sizeof(wishes) / sizeof(wishes[0]))

/* Where Python keeps the slots of its classes: they are not looked up by name at every span. */
static Py_ssize_t turns_depth, turns_later, turns_lock, part_account, part_count, part_requests, part_lines, part_unit, tree_name,
    tree_labels, tree_parts, tree_lines, tree_epoch, tree_is_ended, tree_cost, tree_flags, tree_tokens, tree_unpriced, tree_memory,
    tree_allocation;

static const struct {
    PyObject **like;
    const char *name;
    Py_ssize_t *place;
} slots[] = {
    {&told.turns, "depth", &turns_depth}, {&told.turns, "_later", &turns_later}, {&told.turns, "lock", &turns_lock},
    {&told.part, "account", &part_account}, {&told.part, "count", &part_count}, {&told.part, "requests", &part_requests},
    {&told.part, "lines", &part_lines}, {&told.part, "unit", &part_unit}, {&told.tree, "name", &tree_name},
    {&told.tree, "labels", &tree_labels}, {&told.tree, "parts", &tree_parts}, {&told.tree, "lines", &tree_lines},
    {&told.tree, "epoch", &tree_epoch}, {&told.tree, "is_ended", &tree_is_ended}, {&told.tree, "cost", &tree_cost},
    {&told.tree, "flags", &tree_flags}, {&told.tree, "tokens", &tree_tokens}, {&told.tree, "unpriced", &tree_unpriced},
    {&told.tree, "memory", &tree_memory}, {&told.tree, "allocation", &tree_allocation},
};
#define N_SLOTS (sizeof(slots) / sizeof(slots[0]))
#define AT(object, slot) (*(PyObject **)((char *)(object) + (slot)))
#define IS_LIKE(object, like) Py_IS_TYPE(object, Py_TYPE(like))

PyObject *codeops_s_owner;
#define s_owner codeops_s_owner
static PyObject *s_parent, *s_is_remote, *s_name, *s_attributes, *s_dict, *s_cpu, *s_self, *s_request, *s_nano, *s_unpriced, *s_tenant,
    *s_route, *s_cache_hit, *s_allocation, *s_allocations, *s_begin, *s_label, *s_sum, *s_add, *s_acquire, *s_release, *s_exit, *s_comma, *s_usage, *s_tokens, *s_end, *no_labels;

void codeops_complain(void) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (value != NULL && trace != NULL) {
        PyException_SetTraceback(value, trace);
    }
    if (value != NULL && told.complain != NULL && PyErr_GivenExceptionMatches(type, PyExc_Exception)) {
        Py_XDECREF(PyObject_CallOneArg(told.complain, value)); /* raises under our own tests */
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(trace);
    } else {
        PyErr_Restore(type, value, trace);
    }
}

static int learn_slots(void) {
    for (size_t i = 0; i < N_SLOTS; i++) {
        PyObject *slot = PyObject_GetAttrString((PyObject *)Py_TYPE(*slots[i].like), slots[i].name);
        if (slot == NULL || !Py_IS_TYPE(slot, &PyMemberDescr_Type)) {
            Py_XDECREF(slot);
            PyErr_Format(PyExc_TypeError, "%s is no slot", slots[i].name);
            return -1;
        }
        *slots[i].place = ((PyMemberDescrObject *)slot)->d_member->offset;
        Py_DECREF(slot);
    }
    return 0;
}

static PyObject *spans(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    for (size_t i = 0; i < N_WISHES; i++) {
        if (PyTuple_GET_SIZE(args) > 0 || kwargs == NULL || PyDict_GetItemString(kwargs, wishes[i].name) == NULL) {
            PyErr_Format(PyExc_TypeError, "spans is told %s, by name", wishes[i].name);
            return NULL;
        }
    }
    for (size_t i = 0; i < N_WISHES; i++) {
        Py_XSETREF(*wishes[i].place, Py_NewRef(PyDict_GetItemString(kwargs, wishes[i].name)));
    }
    cost_ns = PyFloat_AsDouble(told.cost_ns);
    if (PyErr_Occurred() || learn_slots() < 0) {
        Py_CLEAR(told.begin);
        Py_CLEAR(told.finish);
        return NULL;
    }
    Py_RETURN_NONE;
}

/* A new one of a class of Python's with slots: all as in `like`, with dicts of its own. */
static PyObject *made_like(PyObject *like) {
    PyTypeObject *type = Py_TYPE(like);
    PyObject *made = type->tp_alloc(type, 0);
    for (Py_ssize_t at = sizeof(PyObject); made != NULL && at < type->tp_basicsize; at += sizeof(PyObject *)) {
        PyObject *value = AT(like, at);
        AT(made, at) = value != NULL && PyDict_CheckExact(value) ? PyDict_New() : Py_XNewRef(value);
        if (value != NULL && AT(made, at) == NULL) {
            Py_CLEAR(made);
        }
    }
    return made;
}

/* A private attribute of a span, a new reference; NULL without an exception in an SDK that has it no more. */
static PyObject *private_of(PyObject *span, PyObject *name) {
    PyObject *found = PyObject_GetAttr(span, name);
    if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
    }
    return found;
}

/* ---------------------------------------------------------------- the start */

enum way { FAULT = -1, WHOLE, CHILD, ROOT };

static int is_much_lost(void) {
    int is_much = codeops_n_lost() > MOST_LOST;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(told.lost) && !is_much; i++) {
        is_much = PyObject_Size(PyTuple_GET_ITEM(told.lost, i)) > MOST_LOST;
    }
    return is_much;
}

/* Which way a span goes that starts in the current context; `*above` is the owner of that, a new reference. */
static enum way way_of(PyObject *span, PyObject **above) {
    *above = NULL;
    if (codeops_owner_var == NULL || is_much_lost()) {
        return PyErr_Occurred() ? FAULT : WHOLE;
    }
    PyObject *parent = private_of(span, s_parent);
    if (parent == NULL) {
        return PyErr_Occurred() ? FAULT : WHOLE;
    }
    int is_root = parent == Py_None;
    if (!is_root) {
        PyObject *is_remote = PyObject_GetAttr(parent, s_is_remote);
        is_root = is_remote != Py_False;
        Py_XDECREF(is_remote);
    }
    Py_DECREF(parent);
    if (PyErr_Occurred() || PyContextVar_Get(codeops_owner_var, Py_None, above) < 0) {
        return FAULT;
    }
    if (is_root) {
        return *above == Py_None ? ROOT : WHOLE;
    }
    return Py_IS_TYPE(*above, &OwnerType) && codeops_is_of_now((Account *)*above) ? CHILD : WHOLE;
}

/* The tree of a local root, with the tenant of its request and a share of the memory; a new reference. */
static PyObject *begun_tree(PyObject *name) {
    PyObject *tenant = PyObject_CallNoArgs(told.tenant), *tree = tenant != NULL ? made_like(told.tree) : NULL, *done = tree;
    if (tree != NULL && PyObject_IsTrue(tenant) == 1) {
        done = PyObject_CallMethodObjArgs(tree, s_label, s_tenant, tenant, NULL);
        Py_XDECREF(done);
    }
    Py_XDECREF(tenant);
    if (done != NULL && told.memory != Py_None) {
        done = PyObject_CallMethodOneArg(told.memory, s_begin, name);
        if (done != NULL) {
            Py_XSETREF(AT(tree, tree_memory), done);
        }
    }
    if (done == NULL) {
        Py_XDECREF(tree);
        return NULL;
    }
    Py_XSETREF(AT(tree, tree_name), Py_NewRef(name));
    return tree;
}

/* Begins the owner of a span below `above`, of a local root where that is NULL: 1, 0 if it needs the whole way, or -1. */
static int begin_usual(PyObject *span, Owner *above) {
    PyObject *name = private_of(span, s_name);
    if (name == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *tree = above != NULL ? Py_NewRef(above->tree) : begun_tree(name);
    Owner *owner = tree != NULL ? (Owner *)codeops_AccountType.tp_new(&OwnerType, NULL, NULL) : NULL;
    if (owner == NULL) {
        Py_DECREF(name);
        Py_XDECREF(tree);
        return -1;
    }
    owner->name = name;
    owner->tree = tree;
    owner->own = Py_NewRef(above != NULL ? above->own : no_labels);
    owner->drained_ns = PyLong_FromLong(0);
    owner->is_root = above == NULL;
    codeops_set_drop(&owner->account);
    int outcome = PyObject_SetAttr(span, s_owner, (PyObject *)owner);
    Py_DECREF(owner);
    return outcome < 0 ? -1 : 1;
}

static PyObject *on_start(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    (void)module;
    Py_ssize_t n_all = n + (names != NULL ? PyTuple_GET_SIZE(names) : 0);
    if (n < 1 || told.begin == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *span = args[0], *context = n_all > 1 ? args[1] : Py_None, *above = NULL;
    enum way way = context == Py_None ? way_of(span, &above) : WHOLE;
    int outcome = way == FAULT ? -1 : way == WHOLE ? 0 : begin_usual(span, way == CHILD ? (Owner *)above : NULL);
    if (outcome == 0) {
        PyObject *done = PyObject_CallFunctionObjArgs(told.begin, span, context, NULL);
        outcome = done != NULL ? 1 : -1;
        Py_XDECREF(done);
    }
    if (outcome < 0) {
        codeops_complain();
    }
    Py_XDECREF(above);
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the end */

static int count_one(PyObject **place) {
    PyObject *after = PyLong_FromLong(PyLong_AsLong(*place) + 1);
    if (after != NULL) {
        Py_SETREF(*place, after);
    }
    return PyErr_Occurred() ? -1 : 0;
}

static int put_float(PyObject *into, PyObject *name, double amount) {
    PyObject *value = PyFloat_FromDouble(amount);
    int outcome = value != NULL ? PyDict_SetItem(into, name, value) : -1;
    Py_XDECREF(value);
    return outcome;
}

static int is_account(PyObject *object) { return PyObject_TypeCheck(object, &codeops_AccountType); }

static int has_some(PyObject *lines) { return lines != NULL && PyDict_Check(lines) && PyDict_GET_SIZE(lines) > 0; }

/* A turn of the accounting, as `with turns:` takes one: 1, 0 without the lock where this thread is in the middle of a change. */
static int enter_turn(PyObject *turns) {
    PyObject *done = PyObject_CallMethodNoArgs(AT(turns, turns_lock), s_acquire);
    if (done == NULL) {
        return -1;
    }
    Py_DECREF(done);
    int is_free = PyLong_AsLong(AT(turns, turns_depth)) == 0;
    PyObject *depth = is_free ? PyLong_FromLong(1) : NULL;
    if (depth == NULL) {
        Py_XDECREF(PyObject_CallMethodNoArgs(AT(turns, turns_lock), s_release));
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_SETREF(AT(turns, turns_depth), depth);
    return 1;
}

static void leave_turn(PyObject *turns) {
    PyObject *type, *value, *trace, *done;
    PyErr_Fetch(&type, &value, &trace);
    if (PyList_GET_SIZE(AT(turns, turns_later)) > 0) {
        done = PyObject_CallMethodObjArgs(turns, s_exit, Py_None, Py_None, Py_None, NULL);
    } else {
        Py_SETREF(AT(turns, turns_depth), PyLong_FromLong(0));
        done = PyObject_CallMethodNoArgs(AT(turns, turns_lock), s_release);
    }
    Py_XDECREF(done);
    PyErr_Restore(type, value, trace);
}

/* Whether a mapping has any of the attributes that need the whole way. */
static int is_special(PyObject *given) {
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(given, &position, &key, &value)) {
        int found = PySet_Contains(told.special, key);
        if (found != 0) {
            return found;
        }
    }
    return 0;
}

static int is_usual_tree(PyObject *tree, int is_root) {
    if (!IS_LIKE(tree, told.tree) || AT(tree, tree_is_ended) != Py_False || !PyDict_CheckExact(AT(tree, tree_labels)) ||
        !PyDict_CheckExact(AT(tree, tree_parts)) || PyObject_RichCompareBool(AT(tree, tree_epoch), told.epoch, Py_EQ) != 1) {
        return 0;
    }
    return !is_root || (AT(tree, tree_flags) == Py_None && (told.is_tenant_required == Py_False || PyDict_Contains(AT(tree, tree_labels), s_tenant) == 1));
}

/* Labels the tree of a local root with its route: 1, 0 if it needs the whole way. */
static int label_route(PyObject *tree, PyObject *given) {
    PyObject *route = PyDict_GetItemWithError(given, s_route);
    if (route == NULL) {
        return PyErr_Occurred() ? -1 : 1;
    }
    if (!PyUnicode_CheckExact(route) || PyUnicode_GET_LENGTH(route) > LONGEST_LABEL || PyDict_GET_SIZE(AT(tree, tree_labels)) >= MOST_LABELS) {
        return 0;
    }
    return PyDict_SetItem(AT(tree, tree_labels), s_route, route) < 0 ? -1 : 1;
}

/* Names in order with commas between them, a new reference. */
static PyObject *joined(PyObject *names) {
    PyObject *list = PySequence_List(names), *text = NULL;
    if (list != NULL && PyList_Sort(list) == 0) {
        text = PyUnicode_Join(s_comma, list);
    }
    Py_XDECREF(list);
    return text;
}

static int put_new(PyObject *into, PyObject *name, PyObject *value) {
    int outcome = value != NULL ? PyDict_SetItem(into, name, value) : -1;
    Py_XDECREF(value);
    return outcome;
}

/* Adds an amount to the one that is there. */
static int add_to(PyObject *into, PyObject *key, PyObject *amount) {
    PyObject *before = PyDict_GetItemWithError(into, key);
    if (before == NULL) {
        return PyErr_Occurred() ? -1 : PyDict_SetItem(into, key, amount);
    }
    return put_new(into, key, PyNumber_Add(before, amount));
}

/* Whether all prices are known by now, and nothing counts tokens, which have more attributes. */
static int is_usual_usage(PyObject *lines) {
    PyObject *line, *amount;
    Py_ssize_t position = 0;
    while (PyDict_Next(lines, &position, &line, &amount)) {
        PyObject *meter = PyTuple_Check(line) && PyTuple_GET_SIZE(line) > 0 ? PyTuple_GET_ITEM(line, 0) : Py_None;
        if (!PyUnicode_Check(meter) || PyUnicode_Tailmatch(meter, s_tokens, 0, PY_SSIZE_T_MAX, -1) != 0 ||
            (cost_ns >= 0 && PyDict_Contains(told.known, line) != 1)) {
            return 0;
        }
    }
    return !PyErr_Occurred();
}

/* Writes one line of usage; what it costs is added to `*cost`, a meter without a price to `unpriced`. */
static int write_line(PyObject *found, PyObject *line, PyObject *amount, double *cost, PyObject *unpriced) {
    PyObject *meter = PyTuple_GET_ITEM(line, 0), *key = PyUnicode_Concat(s_usage, meter);
    int outcome = key == NULL ? -1 : add_to(found, key, amount);
    Py_XDECREF(key);
    PyObject *rate = outcome == 0 && cost_ns >= 0 ? PyDict_GetItemWithError(told.known, line) : NULL;
    if (outcome == 0 && cost_ns >= 0 && (rate == NULL || rate == Py_None)) {
        outcome = PySet_Add(unpriced, meter);
    } else if (rate != NULL) {
        *cost += PyFloat_AsDouble(rate) * PyFloat_AsDouble(amount);
    }
    return PyErr_Occurred() ? -1 : outcome;
}

/* Notes meters without a price, on the span and for its request. */
static int note_unpriced(PyObject *unpriced, PyObject *found, PyObject *tree) {
    if (put_new(found, s_unpriced, joined(unpriced)) < 0) {
        return -1;
    }
    if (AT(tree, tree_unpriced) == Py_None) {
        Py_SETREF(AT(tree, tree_unpriced), Py_NewRef(unpriced));
        return 0;
    }
    PyObject *all = PyNumber_InPlaceOr(AT(tree, tree_unpriced), unpriced);
    Py_XDECREF(all);
    return all != NULL ? 0 : -1;
}

/* Writes what was counted, and adds what it costs to `*cost`; see `price_lines` in ending.py. */
static int write_lines(PyObject *lines, PyObject *found, PyObject *tree, double *cost) {
    if (!is_usual_usage(lines)) {
        PyObject *more = PyErr_Occurred() ? NULL : PyObject_CallFunctionObjArgs(told.price, lines, found, told.rates, tree, NULL);
        *cost += more != NULL ? PyFloat_AsDouble(more) : 0.0;
        Py_XDECREF(more);
        return PyErr_Occurred() ? -1 : 0;
    }
    double all = 0.0;
    PyObject *unpriced = PySet_New(NULL), *line, *amount;
    Py_ssize_t position = 0;
    int outcome = unpriced != NULL ? 0 : -1;
    while (outcome == 0 && PyDict_Next(lines, &position, &line, &amount)) {
        if (PyObject_IsTrue(amount) == 1) {
            outcome = write_line(found, line, amount, &all, unpriced);
        }
    }
    if (outcome == 0 && PySet_GET_SIZE(unpriced) > 0) {
        outcome = note_unpriced(unpriced, found, tree);
    }
    Py_XDECREF(unpriced);
    *cost += all;
    return outcome;
}

/* What the span used, by attribute, a new dict; `*cost` in currency units. */
static PyObject *usage_of(Owner *owner, double *cost) {
    long long own_ns = codeops_finish(&owner->account);
    PyObject *found = PyDict_New(), *lines = owner->account.lines;
    int outcome = found == NULL ? -1 : own_ns > 0 ? put_float(found, s_cpu, (double)own_ns * 1e-9) : 0;
    *cost = cost_ns > 0 ? (double)own_ns * cost_ns : 0.0;
    if (outcome == 0 && has_some(lines)) {
        Py_INCREF(lines);
        outcome = write_lines(lines, found, owner->tree, cost);
        Py_DECREF(lines);
    }
    if (outcome == 0 && cost_ns >= 0 && PyDict_GET_SIZE(found) > 0) {
        outcome = put_float(found, s_self, *cost);
    }
    if (outcome < 0) {
        Py_CLEAR(found);
    }
    return found;
}

/* What is final when a local root ends; see `conclude` in ending.py. */
static int conclude(PyObject *tree, PyObject *name, PyObject *found) {
    Py_SETREF(AT(tree, tree_is_ended), Py_NewRef(Py_True));
    Py_SETREF(AT(tree, tree_name), Py_NewRef(name));
    Py_SETREF(AT(tree, tree_tokens), Py_NewRef(Py_None));
    PyObject *hit = PyDict_GetItemWithError(AT(tree, tree_labels), s_cache_hit);
    int outcome = hit != NULL ? PyDict_SetItem(found, s_cache_hit, hit) : PyErr_Occurred() ? -1 : 0;
    if (outcome == 0 && PyObject_IsTrue(AT(tree, tree_allocation)) == 1) {
        outcome = PyDict_SetItem(found, s_allocation, AT(tree, tree_allocation));
    }
    if (outcome == 0 && cost_ns >= 0) {
        outcome = PyDict_SetItem(found, s_request, AT(tree, tree_cost));
        if (outcome == 0) {
            outcome = put_new(found, s_nano, PyLong_FromDouble(nearbyint(PyFloat_AsDouble(AT(tree, tree_cost)) * 1e9)));
        }
        if (outcome == 0 && AT(tree, tree_unpriced) != Py_None) {
            outcome = put_new(found, s_unpriced, joined(AT(tree, tree_unpriced)));
        }
    }
    return outcome;
}

/* The labels of a tree as rows are found by, sorted; a new reference. */
static PyObject *key_of(PyObject *tree) {
    PyObject *items = PyDict_Items(AT(tree, tree_labels)), *key = NULL;
    if (items != NULL && (PyList_GET_SIZE(items) < 2 || PyList_Sort(items) == 0)) {
        key = PyList_AsTuple(items);
    }
    Py_XDECREF(items);
    return key;
}

/* The row for spans called `name` in a tree, a new reference. */
static PyObject *row_of(PyObject *tree, PyObject *name, PyObject *key) {
    PyObject *place = PyTuple_Pack(3, AT(tree, tree_name), name, key);
    PyObject *row = place != NULL ? Py_XNewRef(PyDict_GetItemWithError(told.sums, place)) : NULL;
    if (row == NULL && !PyErr_Occurred()) {
        row = PyObject_CallMethodObjArgs(told.totals, s_sum, AT(tree, tree_name), name, key, NULL);
    }
    Py_XDECREF(place);
    if (row != NULL && (!PyObject_TypeCheck(row, Py_TYPE(told.part)) || !is_account(AT(row, part_account)))) {
        PyErr_SetString(PyExc_TypeError, "a row has another kind of account");
        Py_CLEAR(row);
    }
    return row;
}

/* Moves one part of a tree into its row; see `take` in totals.py. */
static int take_part(PyObject *part, PyObject *row) {
    PyObject *account = AT(part, part_account);
    if (!is_account(account) || has_some(AT(part, part_lines)) || PyObject_IsTrue(AT(part, part_unit)) != 0) {
        PyObject *done = PyObject_CallFunctionObjArgs(told.take, part, row, NULL);
        Py_XDECREF(done);
        return done != NULL ? 0 : -1;
    }
    codeops_end((Account *)account, (Account *)AT(row, part_account));
    PyObject *count = PyNumber_Add(AT(row, part_count), AT(part, part_count));
    if (count == NULL) {
        return -1;
    }
    Py_SETREF(AT(row, part_count), count);
    return 0;
}

/* Moves the ended spans of a tree into rows; see `_flush` in accounting.py. */
static int flush(PyObject *tree, PyObject *key) {
    PyObject *parts = AT(tree, tree_parts), *place, *part;
    Py_ssize_t position = 0;
    while (PyDict_Next(parts, &position, &place, &part)) {
        if (PyObject_IsTrue(PyTuple_GET_ITEM(place, 1)) != 0) { /* labels of its own */
            PyObject *done = PyObject_CallOneArg(told.flush, tree);
            Py_XDECREF(done);
            return done != NULL ? 0 : -1;
        }
    }
    int outcome = 0;
    for (position = 0; outcome == 0 && PyDict_Next(parts, &position, &place, &part);) { /* nobody else changes it in this turn */
        PyObject *row = row_of(tree, PyTuple_GET_ITEM(place, 0), key);
        outcome = row != NULL ? take_part(part, row) : -1;
        Py_XDECREF(row);
    }
    if (outcome == 0) {
        PyDict_Clear(parts);
    }
    return outcome;
}

/* Adds the lines of a span to a part or row; see `Part.add` in owner.py, which also does it where there are many. */
static int add_lines(PyObject *to, PyObject *lines) {
    if (!has_some(lines)) {
        return 0;
    }
    if (AT(to, part_lines) == Py_None) {
        PyObject *none = PyDict_New();
        if (none == NULL) {
            return -1;
        }
        Py_SETREF(AT(to, part_lines), none);
    }
    PyObject *mine = AT(to, part_lines), *line, *amount;
    if (!PyDict_CheckExact(mine) || PyDict_GET_SIZE(mine) + PyDict_GET_SIZE(lines) > MOST_LINES) {
        PyObject *done = PyObject_CallMethodOneArg(to, s_add, lines);
        Py_XDECREF(done);
        return done != NULL ? 0 : -1;
    }
    Py_ssize_t position = 0;
    int outcome = 0;
    while (outcome == 0 && PyDict_Next(lines, &position, &line, &amount)) {
        outcome = add_to(mine, line, amount);
    }
    return outcome;
}

/* A local root goes into the totals with its whole tree. */
static int end_root(Owner *owner, PyObject *name, PyObject *found) {
    PyObject *tree = owner->tree;
    if (conclude(tree, name, found) < 0) {
        return -1;
    }
    PyObject *key = key_of(tree), *row = key != NULL ? row_of(tree, name, key) : NULL;
    int outcome = row == NULL || count_one(&AT(row, part_count)) < 0 || count_one(&AT(row, part_requests)) < 0 ? -1 : 0;
    if (outcome == 0 && PyObject_IsTrue(AT(tree, tree_allocation)) == 1) {
        PyObject *ways = PyObject_GetAttr(row, s_allocations);
        outcome = ways != NULL ? PySet_Add(ways, AT(tree, tree_allocation)) : -1;
        Py_XDECREF(ways);
    }
    if (outcome == 0) {
        codeops_end(&owner->account, (Account *)AT(row, part_account));
        outcome = add_lines(row, owner->account.lines) < 0 ? -1 : flush(tree, key);
    }
    Py_XDECREF(row);
    Py_XDECREF(key);
    return outcome;
}

/* The part of the tree for spans like this one, a new reference; see `_part` in accounting.py. */
static PyObject *part_of(Owner *owner, PyObject *name) {
    PyObject *parts = AT(owner->tree, tree_parts), *place = PyTuple_Pack(2, name, owner->own);
    PyObject *part = place != NULL ? Py_XNewRef(PyDict_GetItemWithError(parts, place)) : NULL;
    if (part == NULL && !PyErr_Occurred() && PyDict_GET_SIZE(parts) < MOST_PARTS) {
        PyObject *account = codeops_AccountType.tp_new(&codeops_AccountType, NULL, NULL);
        part = account != NULL ? made_like(told.part) : NULL;
        if (part != NULL) {
            codeops_set_drop((Account *)account);
            Py_XSETREF(AT(part, part_account), Py_NewRef(account));
            if (PyDict_SetItem(parts, place, part) < 0) {
                Py_CLEAR(part);
            }
        }
        Py_XDECREF(account);
    } else if (part == NULL && !PyErr_Occurred()) {
        part = PyObject_CallFunctionObjArgs(told.make_part, owner->tree, name, owner->own, NULL);
    }
    if (part != NULL && (!IS_LIKE(part, told.part) || !is_account(AT(part, part_account)))) {
        PyErr_SetString(PyExc_TypeError, "a part has another kind of account");
        Py_CLEAR(part);
    }
    Py_XDECREF(place);
    return part;
}

/* A span below the root waits in the tree for the labels that the root will have. */
static int put_away(Owner *owner, PyObject *name) {
    PyObject *part = part_of(owner, name);
    int outcome = -1;
    if (part != NULL && count_one(&AT(part, part_count)) == 0) {
        codeops_end(&owner->account, (Account *)AT(part, part_account));
        outcome = add_lines(part, owner->account.lines);
    }
    Py_XDECREF(part);
    return outcome;
}

/* In a turn of its own: ends the owner, and adds to `found` what is final only then; outcomes as for `end_usual`. */
static int end_in_turn(Owner *owner, PyObject *name, PyObject *found, double cost) {
    PyObject *turns = Py_NewRef(told.turns), *tree = owner->tree;
    int outcome = enter_turn(turns);
    if (outcome == 1) {
        if (owner->account.heir != NULL || AT(tree, tree_is_ended) != Py_False) { /* by another thread in the meantime */
            outcome = 0;
        } else {
            PyObject *after = PyFloat_FromDouble(PyFloat_AsDouble(AT(tree, tree_cost)) + cost);
            if (after != NULL) {
                Py_SETREF(AT(tree, tree_cost), after);
                outcome = (owner->is_root ? end_root(owner, name, found) : put_away(owner, name)) < 0 ? -1 : 1;
            }
            outcome = PyErr_Occurred() ? -1 : outcome;
        }
        leave_turn(turns);
    }
    Py_DECREF(turns);
    return outcome;
}

/* Gives the share of the memory back that a request has, and counts it. */
static int end_share(PyObject *tree) {
    PyObject *share = AT(tree, tree_memory), *ended;
    AT(tree, tree_memory) = Py_NewRef(Py_None);
    ended = PyObject_CallMethodOneArg(told.memory, s_end, share);
    Py_DECREF(share);
    int outcome = ended != NULL ? 0 : -1;
    if (outcome == 0 && PyTuple_Check(ended) && PyTuple_GET_SIZE(ended) == 2) {
        Py_SETREF(AT(tree, tree_allocation), Py_NewRef(PyTuple_GET_ITEM(ended, 1)));
        if (PyObject_IsTrue(PyTuple_GET_ITEM(ended, 0)) == 1) {
            outcome = PyDict_SetItem(AT(tree, tree_lines), told.memory_line, PyTuple_GET_ITEM(ended, 0));
        }
    }
    Py_XDECREF(ended);
    return outcome;
}

/* Adds to a local root what was counted for the request as a whole; see `add_request` in ending.py. */
static int add_request(Owner *owner) {
    PyObject *tree = owner->tree, *lines = owner->account.lines;
    if (AT(tree, tree_memory) != Py_None && told.memory != Py_None && end_share(tree) < 0) {
        return -1;
    }
    if (!has_some(AT(tree, tree_lines))) {
        return 0;
    }
    if (has_some(lines)) {
        PyObject *done = PyObject_CallFunctionObjArgs(told.request, owner, told.memory, NULL);
        Py_XDECREF(done);
        return done != NULL ? 0 : -1;
    }
    PyObject *none = PyDict_New();
    if (none == NULL) {
        return -1;
    }
    Py_XSETREF(owner->account.lines, AT(tree, tree_lines));
    AT(tree, tree_lines) = none;
    return 0;
}

/* Whether the span can go this way, once what was counted for the whole request is with a root: 1, 0 or -1. */
static int is_usual(Owner *owner, PyObject *given) {
    Account *account = &owner->account;
    PyObject *tree = owner->tree;
    if (!PyDict_CheckExact(given) || /* at the limit older SDKs keep an OrderedDict */
        (owner->drained != NULL && owner->drained != Py_None) || account->children_ns != 0 || cost_ns != cost_ns ||
        !is_usual_tree(tree, owner->is_root) || is_special(given) != 0) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (!owner->is_root) {
        return 1;
    }
    return add_request(owner) < 0 ? -1 : label_route(tree, given);
}

/* 1: done, 0: this span needs the whole way, -1: an exception. */
static int end_usual(Owner *owner, PyObject *span) {
    PyObject *attributes = private_of(span, s_attributes), *given = attributes != NULL ? private_of(attributes, s_dict) : NULL;
    PyObject *name = given != NULL ? private_of(span, s_name) : NULL, *found = NULL, *tree = Py_NewRef(owner->tree);
    int outcome = name == NULL ? (PyErr_Occurred() ? -1 : 0) : is_usual(owner, given);
    if (outcome == 1) {
        double cost;
        found = usage_of(owner, &cost);
        outcome = found != NULL ? end_in_turn(owner, name, found, cost) : -1;
    }
    if (outcome == 1) {
        PyObject *tenant = PyDict_GetItemWithError(AT(tree, tree_labels), s_tenant);
        if ((tenant != NULL && PyDict_SetItem(found, s_tenant, tenant) < 0) || PyErr_Occurred() || PyDict_Merge(given, found, 0) < 0) {
            outcome = -1;
        }
    }
    Py_XDECREF(attributes);
    Py_XDECREF(given);
    Py_XDECREF(name);
    Py_XDECREF(found);
    Py_DECREF(tree);
    return outcome;
}

static PyObject *on_ending(PyObject *module, PyObject *span) {
    (void)module;
    if (told.finish == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *owner = PyObject_GetAttr(span, s_owner);
    if (owner == NULL) { /* started before we came */
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    int outcome = Py_IS_TYPE(owner, &OwnerType) ? (((Account *)owner)->heir != NULL ? 1 : end_usual((Owner *)owner, span)) : 0;
    Py_DECREF(owner);
    if (outcome == 0) {
        PyObject *done = PyObject_CallOneArg(told.finish, span);
        outcome = done != NULL ? 1 : -1;
        Py_XDECREF(done);
    }
    if (outcome < 0) {
        codeops_complain();
    }
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef span_methods[] = {
    {"spans", (PyCFunction)(void (*)(void))spans, METH_VARARGS | METH_KEYWORDS, "Says for whom spans are accounted."},
    {"on_start", (PyCFunction)(void (*)(void))on_start, METH_FASTCALL | METH_KEYWORDS, "A recorded span starts."},
    {"on_ending", on_ending, METH_O, "A recorded span is about to end."},
    {NULL},
};

int codeops_add_spans(PyObject *module) {
    static const struct {
        PyObject **place;
        const char *text;
    } strings[] = {{&s_owner, "_codeops_owner"}, {&s_parent, "_parent"}, {&s_is_remote, "is_remote"}, {&s_name, "_name"},
                   {&s_attributes, "_attributes"}, {&s_dict, "_dict"}, {&s_cpu, "cost.usage.compute.cpu"}, {&s_self, "cost.self"},
                   {&s_request, "cost.request"}, {&s_nano, "cost.request.nano"}, {&s_unpriced, "cost.unpriced"}, {&s_tenant, "tenant.id"},
                   {&s_route, "http.route"}, {&s_cache_hit, "cache_hit"}, {&s_allocation, "cost.allocation"},
                   {&s_allocations, "allocations"}, {&s_begin, "begin"}, {&s_label, "label"}, {&s_sum, "sum"}, {&s_add, "add"}, {&s_acquire, "acquire"},
                   {&s_release, "release"}, {&s_exit, "__exit__"}, {&s_comma, ","}, {&s_usage, "cost.usage."}, {&s_tokens, "llm."}, {&s_end, "end"}};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if ((*strings[i].place = PyUnicode_InternFromString(strings[i].text)) == NULL) {
            return -1;
        }
    }
    if ((no_labels = PyTuple_New(0)) == NULL || PyType_Ready(&OwnerType) < 0 || PyModule_AddObjectRef(module, "Owner", (PyObject *)&OwnerType) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, span_methods);
}
