/* The contexts between spans: OpenTelemetry attaches and detaches, and the ledger follows; see switches/context.py. */
#include "_ledger.h"

#include <structmember.h>

static PyObject *borrowed_var; /* ContextVar: [owner, context] of work that was handed over, emptied when it is done */
static PyObject *span_key;     /* key of the current span in a context */

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
            owner = PyObject_GetAttr(span, codeops_s_owner);
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
        codeops_complain();
    }
    return carrying != NULL || PyErr_Occurred() ? carrying : Py_NewRef(context);
}

static PyObject *followed_attach(Followed *self, PyObject *given) {
    PyObject *context = self->is_followed ? with_tenant(self, given) : Py_NewRef(given);
    PyObject *token = context != NULL ? PyObject_CallOneArg(self->attach, context) : NULL;
    if (token != NULL && self->is_followed && follow(context) < 0) {
        codeops_complain();
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
            codeops_complain();
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

static PyMethodDef context_methods[] = {
    {"contexts", contexts, METH_VARARGS, "Says which variable names borrowed owners, and under which key a context keeps its span."},
    {NULL},
};

int codeops_add_contexts(PyObject *module) {
    if (PyType_Ready(&FollowedType) < 0 || PyModule_AddObjectRef(module, "Followed", (PyObject *)&FollowedType) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, context_methods);
}
