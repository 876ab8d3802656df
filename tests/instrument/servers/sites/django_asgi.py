from sites import django  # settings and routes


def __getattr__(name):
    if name != "app" or not django.urlpatterns:
        raise AttributeError(name)
    from django.core.asgi import get_asgi_application

    return get_asgi_application()
