/* The way of a span through the ledger, for the case that is nearly all of them: a recorded child span that counts
 * nothing but CPU. Whatever is special (local roots, labels, counted lines, models' tokens, drained spans) is handed to
 * the same functions in Python that do all of it where there is no C: accounting.py and tracing/processor.py.
 */
#include "_ledger.h"

#include <structmember.h>

#define MOST_LOST 100 /* past that it is put away, which Python does; see lost.py */

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
    PyObject *begin;    /* begin(span, parent_context): the whole way, in Python */
    PyObject *finish;   /* finish(span): the same at the end */
    PyObject *complain; /* complain(exception) */
    PyObject *turns; /* the accounting's: `depth` is 0 while nobody is in the middle of a change */
    PyObject *acquire, *release; /* of their lock */
    PyObject *special;  /* frozenset: attributes that need the whole way */
    PyObject *epoch;
    PyObject *part;     /* part(tree, name, own): a new part of a tree */
    double cost_ns;     /* currency units for a nanosecond; NaN: unpriced, below zero: no price book */
} told;

static PyObject *borrowed_var; /* ContextVar: [owner, context] of work that was handed over, emptied when it is done */
static PyObject *span_key;     /* key of the current span in a context */

static PyObject *s_owner, *s_parent, *s_is_remote, *s_name, *s_attributes, *s_dict, *s_parts, *s_labels, *s_epoch, *s_is_ended, *s_cost,
    *s_count, *s_account, *s_cpu, *s_self, *s_tenant, *s_depth;

static void complain(void) {
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

static PyObject *spans(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"begin", "finish", "complain", "turns", "acquire", "release", "special", "epoch", "part", "cost_ns", NULL};
    PyObject *given[9];
    double cost_ns;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOO!OOd:spans", names, &given[0], &given[1], &given[2], &given[3], &given[4],
                                     &given[5], &PyFrozenSet_Type, &given[6], &given[7], &given[8], &cost_ns)) {
        return NULL;
    }
    PyObject **places[] = {&told.begin,   &told.finish,  &told.complain, &told.turns,
                           &told.acquire, &told.release, &told.special,  &told.epoch, &told.part};
    for (int i = 0; i < 9; i++) {
        Py_XSETREF(*places[i], Py_NewRef(given[i]));
    }
    told.cost_ns = cost_ns;
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the start */

/* The owner of the parent if this is the usual case, borrowed by way of `*kept`; NULL without an exception if not. */
static Owner *usual_parent(PyObject *span, PyObject **kept) {
    *kept = NULL;
    PyObject *parent = PyObject_GetAttr(span, s_parent);
    if (parent == NULL) {
        return NULL;
    }
    int is_usual = parent != Py_None;
    if (is_usual) {
        PyObject *is_remote = PyObject_GetAttr(parent, s_is_remote);
        is_usual = is_remote == Py_False;
        Py_XDECREF(is_remote);
    }
    Py_DECREF(parent);
    if (!is_usual || PyErr_Occurred() || codeops_owner_var == NULL || PyContextVar_Get(codeops_owner_var, Py_None, kept) < 0) {
        return NULL;
    }
    return Py_IS_TYPE(*kept, &OwnerType) && codeops_is_of_now((Account *)*kept) ? (Owner *)*kept : NULL;
}

static int begin_usual(PyObject *span, Owner *above) {
    PyObject *name = PyObject_GetAttr(span, s_name);
    if (name == NULL) {
        return -1;
    }
    Owner *owner = (Owner *)codeops_AccountType.tp_new(&OwnerType, NULL, NULL);
    if (owner == NULL) {
        Py_DECREF(name);
        return -1;
    }
    owner->name = name;
    owner->tree = Py_NewRef(above->tree);
    owner->own = Py_NewRef(above->own);
    owner->drained_ns = PyLong_FromLong(0);
    codeops_set_drop(&owner->account);
    int outcome = PyObject_SetAttr(span, s_owner, (PyObject *)owner);
    Py_DECREF(owner);
    return outcome;
}

static PyObject *on_start(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    (void)module;
    Py_ssize_t n_all = n + (names != NULL ? PyTuple_GET_SIZE(names) : 0);
    if (n < 1 || told.begin == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *span = args[0], *context = n_all > 1 ? args[1] : Py_None, *kept = NULL;
    Owner *above = context == Py_None && codeops_n_lost() <= MOST_LOST ? usual_parent(span, &kept) : NULL;
    if (above != NULL) {
        if (begin_usual(span, above) < 0) {
            complain();
        }
    } else if (!PyErr_Occurred()) {
        PyObject *done = PyObject_CallFunctionObjArgs(told.begin, span, context, NULL);
        if (done == NULL) {
            complain();
        }
        Py_XDECREF(done);
    } else {
        complain();
    }
    Py_XDECREF(kept);
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the end */

static int add_to(PyObject *object, PyObject *name, PyObject *amount) {
    PyObject *before = PyObject_GetAttr(object, name), *after = NULL;
    int outcome = -1;
    if (before != NULL && (after = PyNumber_Add(before, amount)) != NULL) {
        outcome = PyObject_SetAttr(object, name, after);
    }
    Py_XDECREF(before);
    Py_XDECREF(after);
    return outcome;
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

/* Writes what the span used: 0, or -1 with an exception. */
static int write_usual(PyObject *given, PyObject *tree, long long own_ns, double cost) {
    if (own_ns > 0) {
        PyObject *seconds = PyFloat_FromDouble((double)own_ns * 1e-9);
        int outcome = seconds == NULL ? -1 : PyDict_SetItem(given, s_cpu, seconds);
        Py_XDECREF(seconds);
        if (outcome < 0) {
            return -1;
        }
        if (told.cost_ns >= 0) {
            PyObject *money = PyFloat_FromDouble(cost);
            outcome = money == NULL ? -1 : PyDict_SetItem(given, s_self, money);
            Py_XDECREF(money);
            if (outcome < 0) {
                return -1;
            }
        }
    }
    PyObject *labels = PyObject_GetAttr(tree, s_labels);
    if (labels == NULL) {
        return -1;
    }
    PyObject *tenant = PyDict_GetItemWithError(labels, s_tenant);
    int outcome = tenant != NULL ? PyDict_SetItem(given, s_tenant, tenant) : PyErr_Occurred() ? -1 : 0;
    Py_DECREF(labels);
    return outcome;
}

/* The part of the tree for spans of this name, a new reference; NULL without an exception if it is not there yet. */
static PyObject *usual_part(Owner *owner, PyObject *name) {
    PyObject *key = PyTuple_Pack(2, name, owner->own), *parts = key != NULL ? PyObject_GetAttr(owner->tree, s_parts) : NULL;
    PyObject *part = parts != NULL && PyDict_Check(parts) ? PyDict_GetItemWithError(parts, key) : NULL;
    Py_XINCREF(part);
    Py_XDECREF(key);
    Py_XDECREF(parts);
    return part;
}

static int is_current(Owner *owner) {
    PyObject *epoch = PyObject_GetAttr(owner->tree, s_epoch), *is_ended = PyObject_GetAttr(owner->tree, s_is_ended);
    int outcome = epoch != NULL && is_ended == Py_False && PyObject_RichCompareBool(epoch, told.epoch, Py_EQ) == 1;
    Py_XDECREF(epoch);
    Py_XDECREF(is_ended);
    return outcome;
}

/* With the lock held: ends the account, into the part of the tree for spans of this name; outcomes as for `end_usual`. */
static int put_away(Owner *owner, PyObject *name, PyObject *given) {
    Account *account = &owner->account;
    PyObject *depth = PyObject_GetAttr(told.turns, s_depth);
    int is_free = depth != NULL && PyLong_AsLong(depth) == 0;
    Py_XDECREF(depth);
    if (!is_free || account->heir != NULL) { /* in the middle of a change; or another thread has ended it in the meantime */
        return PyErr_Occurred() ? -1 : is_free;
    }
    PyObject *part = usual_part(owner, name);
    if (part == NULL && !PyErr_Occurred()) {
        part = PyObject_CallFunctionObjArgs(told.part, owner->tree, name, owner->own, NULL);
    }
    PyObject *to = part != NULL ? PyObject_GetAttr(part, s_account) : NULL, *one = NULL, *money = NULL;
    int outcome = -1;
    if (to != NULL && PyObject_TypeCheck(to, &codeops_AccountType)) {
        long long own_ns = codeops_finish(account);
        double cost = told.cost_ns > 0 ? (double)own_ns * told.cost_ns : 0.0;
        one = PyLong_FromLong(1);
        money = PyFloat_FromDouble(cost);
        if (one != NULL && money != NULL && write_usual(given, owner->tree, own_ns, cost) == 0) {
            codeops_end(account, (Account *)to);
            outcome = add_to(part, s_count, one) < 0 || add_to(owner->tree, s_cost, money) < 0 ? -1 : 1;
        }
    }
    Py_XDECREF(part);
    Py_XDECREF(to);
    Py_XDECREF(one);
    Py_XDECREF(money);
    return outcome;
}

/* 1: done, 0: this span needs the whole way, -1: an exception. */
static int end_usual(Owner *owner, PyObject *span) {
    Account *account = &owner->account;
    int has_lines = account->lines != NULL && account->lines != Py_None, is_drained = owner->drained != NULL && owner->drained != Py_None;
    if (owner->is_root || has_lines || is_drained || account->children_ns != 0 || told.cost_ns != told.cost_ns || !is_current(owner)) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *attributes = PyObject_GetAttr(span, s_attributes), *given = attributes != NULL ? PyObject_GetAttr(attributes, s_dict) : NULL;
    PyObject *name = PyObject_GetAttr(span, s_name), *held = NULL;
    int outcome = -1;
    if (given != NULL && name != NULL) {
        outcome = PyDict_CheckExact(given) ? is_special(given) : 1; /* at the limit older SDKs keep an OrderedDict */
        outcome = outcome == 0 ? 1 : PyErr_Occurred() ? -1 : 0;
    }
    if (outcome == 1 && (held = PyObject_CallNoArgs(told.acquire)) == NULL) {
        outcome = -1;
    }
    if (outcome == 1) {
        PyObject *type, *value, *trace;
        outcome = put_away(owner, name, given);
        PyErr_Fetch(&type, &value, &trace);
        Py_XDECREF(PyObject_CallNoArgs(told.release));
        PyErr_Restore(type, value, trace);
    }
    Py_XDECREF(attributes);
    Py_XDECREF(given);
    Py_XDECREF(name);
    Py_XDECREF(held);
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
        complain();
    }
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *ignore(PyObject *module, PyObject *span) {
    (void)module, (void)span;
    Py_RETURN_NONE;
}

/* ------------------------------------------------- the contexts in between */

/* Makes the owner of the context's innermost span the owner of this thread; see tracing/ownership.py. */
static int follow(PyObject *context) {
    PyObject *owner = NULL, *borrowed = NULL;
    if (PyContextVar_Get(borrowed_var, Py_None, &borrowed) < 0) {
        return -1;
    }
    if (PyList_Check(borrowed) && PyList_GET_SIZE(borrowed) == 2 && PyList_GET_ITEM(borrowed, 1) == context) {
        owner = Py_NewRef(PyList_GET_ITEM(borrowed, 0));
    } else {
        PyObject *span = PyDict_Check(context) ? PyDict_GetItemWithError(context, span_key) : NULL;
        if (span != NULL) {
            owner = PyObject_GetAttr(span, s_owner);
        }
        if (owner == NULL) {
            PyErr_Clear();
            owner = Py_NewRef(Py_None);
        }
    }
    int outcome = codeops_enter(owner);
    Py_DECREF(owner);
    Py_DECREF(borrowed);
    return outcome;
}

/* A runtime context of OpenTelemetry that delegates to another one, and tells the ledger of every change. */
typedef struct {
    PyObject_HEAD
    PyObject *inner, *attach, *detach, *get_current; /* the other one and its methods */
    PyObject *carried;    /* carried(context): the context with what the request carries */
    PyObject *tenant_var; /* ContextVar: None where there is nothing to carry */
    char is_followed;
} Followed;

static PyTypeObject FollowedType;

static int followed_init(Followed *self, PyObject *args, PyObject *kwargs) {
    PyObject *inner, *carried, *var;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "OOO!:Followed", &inner, &carried, &PyContextVar_Type, &var)) {
        return -1;
    }
    if (codeops_owner_var == NULL || borrowed_var == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the ledger was never started");
        return -1;
    }
    Py_XSETREF(self->inner, Py_NewRef(inner));
    Py_XSETREF(self->carried, Py_NewRef(carried));
    Py_XSETREF(self->tenant_var, Py_NewRef(var));
    Py_XSETREF(self->attach, PyObject_GetAttrString(inner, "attach"));
    Py_XSETREF(self->detach, PyObject_GetAttrString(inner, "detach"));
    Py_XSETREF(self->get_current, PyObject_GetAttrString(inner, "get_current"));
    self->is_followed = 1;
    return self->attach == NULL || self->detach == NULL || self->get_current == NULL ? -1 : 0;
}

static int followed_traverse(Followed *self, visitproc visit, void *arg) {
    Py_VISIT(self->inner);
    Py_VISIT(self->attach);
    Py_VISIT(self->detach);
    Py_VISIT(self->get_current);
    Py_VISIT(self->carried);
    Py_VISIT(self->tenant_var);
    return 0;
}

static int followed_clear(Followed *self) {
    Py_CLEAR(self->inner);
    Py_CLEAR(self->attach);
    Py_CLEAR(self->detach);
    Py_CLEAR(self->get_current);
    Py_CLEAR(self->carried);
    Py_CLEAR(self->tenant_var);
    return 0;
}

static void followed_dealloc(Followed *self) {
    PyObject_GC_UnTrack(self);
    followed_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* The context with the request's tenant, a new reference; the same one where there is none or a fault is told. */
static PyObject *with_tenant(Followed *self, PyObject *context) {
    PyObject *tenant = NULL;
    if (PyContextVar_Get(self->tenant_var, Py_None, &tenant) < 0 || tenant == Py_None) {
        PyErr_Clear();
        Py_XDECREF(tenant);
        return Py_NewRef(context);
    }
    Py_DECREF(tenant);
    PyObject *carrying = PyObject_CallOneArg(self->carried, context);
    if (carrying == NULL) {
        complain();
    }
    return carrying != NULL || PyErr_Occurred() ? carrying : Py_NewRef(context);
}

static PyObject *followed_attach(Followed *self, PyObject *given) {
    PyObject *context = self->is_followed ? with_tenant(self, given) : Py_NewRef(given);
    PyObject *token = context != NULL ? PyObject_CallOneArg(self->attach, context) : NULL;
    if (token != NULL && self->is_followed && follow(context) < 0) {
        complain();
    }
    Py_XDECREF(context);
    if (PyErr_Occurred()) {
        Py_CLEAR(token);
    }
    return token;
}

static PyObject *followed_detach(Followed *self, PyObject *token) {
    PyObject *done = PyObject_CallOneArg(self->detach, token);
    if (done != NULL && self->is_followed) {
        PyObject *context = PyObject_CallNoArgs(self->get_current);
        if (context == NULL || follow(context) < 0) {
            complain();
        }
        Py_XDECREF(context);
        if (PyErr_Occurred()) {
            Py_CLEAR(done);
        }
    }
    return done;
}

static PyObject *followed_getattro(PyObject *self, PyObject *name) {
    PyObject *found = PyObject_GenericGetAttr(self, name);
    if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError) && ((Followed *)self)->inner != NULL) {
        PyErr_Clear();
        found = PyObject_GetAttr(((Followed *)self)->inner, name);
    }
    return found;
}

static PyMemberDef followed_members[] = {
    {"inner", T_OBJECT, offsetof(Followed, inner), READONLY, "The runtime context that is delegated to."},
    {"get_current", T_OBJECT, offsetof(Followed, get_current), READONLY, "Its own method: no detour for what is asked most often."},
    {"is_followed", T_BOOL, offsetof(Followed, is_followed), 0, "Whether the ledger is told."},
    {NULL},
};

static PyMethodDef followed_methods[] = {
    {"attach", (PyCFunction)followed_attach, METH_O, "Attaches, and makes the owner of the context's span the owner of this thread."},
    {"detach", (PyCFunction)followed_detach, METH_O, "Detaches, and goes back to the owner of the span that is current now."},
    {NULL},
};

static PyTypeObject FollowedType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "codeops.instrument.ledger._native.Followed",
    .tp_doc = "A runtime context that tells the ledger of every change.",
    .tp_basicsize = sizeof(Followed),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)followed_init,
    .tp_dealloc = (destructor)followed_dealloc,
    .tp_traverse = (traverseproc)followed_traverse,
    .tp_clear = (inquiry)followed_clear,
    .tp_getattro = followed_getattro,
    .tp_members = followed_members,
    .tp_methods = followed_methods,
};

static PyObject *contexts(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *var, *key;
    if (!PyArg_ParseTuple(args, "O!O:contexts", &PyContextVar_Type, &var, &key)) {
        return NULL;
    }
    Py_XSETREF(borrowed_var, Py_NewRef(var));
    Py_XSETREF(span_key, Py_NewRef(key));
    Py_RETURN_NONE;
}

static PyMethodDef span_methods[] = {
    {"contexts", contexts, METH_VARARGS, "Says which variable names borrowed owners, and under which key a context keeps its span."},
    {"spans", (PyCFunction)(void (*)(void))spans, METH_VARARGS | METH_KEYWORDS, "Says for whom spans are accounted."},
    {"on_start", (PyCFunction)(void (*)(void))on_start, METH_FASTCALL | METH_KEYWORDS, "A recorded span starts."},
    {"on_ending", on_ending, METH_O, "A recorded span is about to end."},
    {"ignore", ignore, METH_O, "Nothing, quickly."},
    {NULL},
};

int codeops_add_spans(PyObject *module) {
    static const struct {
        PyObject **place;
        const char *text;
    } strings[] = {{&s_owner, "_codeops_owner"}, {&s_parent, "parent"}, {&s_is_remote, "is_remote"}, {&s_name, "name"},
                   {&s_attributes, "_attributes"}, {&s_dict, "_dict"}, {&s_parts, "parts"}, {&s_labels, "labels"}, {&s_epoch, "epoch"},
                   {&s_is_ended, "is_ended"}, {&s_cost, "cost"}, {&s_count, "count"}, {&s_account, "account"},
                   {&s_cpu, "cost.usage.compute.cpu"}, {&s_self, "cost.self"}, {&s_tenant, "tenant.id"}, {&s_depth, "depth"}};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if ((*strings[i].place = PyUnicode_InternFromString(strings[i].text)) == NULL) {
            return -1;
        }
    }
    if (PyType_Ready(&OwnerType) < 0 || PyModule_AddObjectRef(module, "Owner", (PyObject *)&OwnerType) < 0 ||
        PyType_Ready(&FollowedType) < 0 || PyModule_AddObjectRef(module, "Followed", (PyObject *)&FollowedType) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, span_methods);
}
